import { PageConfig, WorkerConfig } from './types/config'

const pageConfig: PageConfig = {}

const workerConfig: WorkerConfig = {
  monitors: [{ id: 'one', name: 'One', method: 'GET', target: 'https://one.example.org', expectedCodes: [] }],
  notification: {
    webhook: [
      {
        url: 'https://discord.com/api/webhooks/123456789012345678/abcDEF-ghiJKL_mnoPQR/slack',
        payloadType: 'json',
        payload: { text: '$MSG' },
      },
      {
        url: 'https://hooks.slack.com/services/T00000000/B00000000/abcdefGHIJKL012345678901',
        payloadType: 'json',
        payload: { text: '$MSG', username: 'UptimeFlare' },
      },
      {
        url: 'https://ntfy.sh/my_secret_topic',
        headers: { Authorization: 'Bearer tk_abcdefghijklmnopqrstuvwxyz012', Title: 'Status' },
        payloadType: 'json',
        payload: { message: '$MSG', priority: 4 },
      },
      {
        url: 'https://gotify.example.org/push/message?token=AbCdEf123ghIJk',
        payloadType: 'json',
        payload: { message: '$MSG', priority: 8, extras: { 'client::display': { contentType: 'text/plain' } } },
      },
      {
        url: 'https://api.pushover.net/1/messages.json',
        payloadType: 'x-www-form-urlencoded',
        payload: { token: 'azGDORePK8gMaC0QOYAMyEEuzJnyUi', user: 'uQiRzpo4DXghDmr9QzzfQu27cmVRsG', message: '$MSG' },
      },
      {
        url: 'https://events.eu.pagerduty.com/v2/enqueue',
        payloadType: 'json',
        payload: {
          routing_key: '0123456789abcdef0123456789abcdef',
          event_action: 'trigger',
          payload: { summary: '$MSG', source: 'UptimeFlare', severity: 'critical' },
        },
      },
      {
        url: 'https://chat.googleapis.com/v1/spaces/AAAA/messages?key=k3yk3y&token=t0kent0ken',
        payloadType: 'json',
        payload: { text: '$MSG' },
      },
      {
        url: 'https://bark.example.org/push',
        method: 'POST',
        payloadType: 'json',
        payload: { title: 'Status: 50%', body: '$MSG', device_key: 'y5Lf3dVoTARB', badge: 1, tags: ['$MSG', '"${x}"'] },
      },
      {
        url: 'https://api.day.app/y5Lf3dVoTARBd5ytu2po5X',
        headers: { 'X-Token': 'header-t0ken' },
        payloadType: 'param',
        payload: { title: 'Status & more', body: '$MSG', isArchive: 1, call: true },
      },
      {
        url: 'https://hook.example.org/in',
        method: 'put',
        payloadType: 'x-www-form-urlencoded',
        payload: { password: 'a&b=c', text: '$MSG' },
      },
      { url: 'https://hook.example.org/template', payloadType: 'json', payload: { text: '{{ it }}' } },
      { url: 'https://hook.example.org/nested', payloadType: 'param', payload: { a: { b: '$MSG' } } },
      { url: 'https://hook.example.org/no-type', payload: { text: '$MSG', at: Date.now() }, dingtalkSecret: 'SEC0123' },
      { payloadType: 'json', payload: { text: '$MSG' } },
      { url: 'https://[half', payloadType: 'json', payload: { text: '$MSG' } },
    ],
    recipientUrl: 'json://example.org',
    gracePeriod: 0,
  },
}

const maintenances = []

export { maintenances, pageConfig, workerConfig }
