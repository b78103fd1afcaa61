import type { WorkerConfig } from './types/config'
import { internal } from './internal'

type Codes = { [key: string]: number[] }

const SECOND = 1_000
const DOMAIN = 'example.org', CODES: Codes = { guarded: [401, 403] }
/* What all monitors
   have in common */
const common = {
  method: "GET",
  timeout: 8 * SECOND,
  headers: { "X-Bypass": process.env.BYPASS_TOKEN! },
} as const

const escapeMarkdown = (text: string) => {
  return text.replace(/[_*[\](){}~`>#+\-=|.!\\]/g, '\\$&')
}

async function notify(env: any, monitor: any, isUp: boolean) {
  const text = `*${escapeMarkdown(monitor.name)}* ${isUp ? `it's up` : 'down'}`
  await fetch(`https://api.telegram.org/bot${env.TOKEN}/sendMessage`, { method: 'POST', body: text })
}

export const pageConfig = { title: `Status of ${DOMAIN}`, favicon: '/favicon.ico', logo: '/logo.svg' }

export const workerConfig = {
  passwordProtection: 'admin:' + 'hunter2hunter2',
  monitors: [
    { ...common, id: 'www', name: 'It\'s \u{1F4F7}', target: `https://www.${DOMAIN}/?a=${1 + 1}`, },
    {
      ...common,
      id: 'admin',
      name: 'Admin',
      target: 'https://admin.' + DOMAIN + '/',
      expectedCodes: CODES.guarded,
      body: new Date().toISOString(),
      checkProxy: 'globalping://t0psecrett0ken/?magic=CN',
    },
    { id: 'db', name: 'Database', method: 'TCP_PING', target: `${process.env.DB_HOST}:5432` },
    { id: 'price', name: 'Price $${5}', method: 'GET', target: 'https://shop.example.org/$HOME/${x}' },
    ...['a', 'b'].map((host) => ({ id: host, name: host, method: 'GET', target: `https://${host}.${DOMAIN}` })),
    internal,
    { id: 'nowhere', name: 'Nowhere', method: 'GET', target: internal.url },
  ],
  notification: {
    webhook: [
      {
        url: process.env.STATUS_WEBHOOK_URL ?? '',
        payloadType: 'json',
        payload: { content: '$MSG', embeds: [{ title: 'Status', description: '$MSG' }] },
      },
      {
        url: `https://api.telegram.org/bot${process.env.TELEGRAM_TOKEN}/sendMessage`,
        payloadType: 'param',
        payload: { chat_id: '@status_of_example', text: '$MSG', disable_notification: true },
      },
    ],
    skipErrorChangeNotification: true,
  },
  callbacks: {
    onStatusChange: async (env: any, monitor: any, isUp: boolean): Promise<void> => {
      if (monitor.timeout / 2 > 1 || isUp) await notify(env, monitor, isUp)
    },
    async onIncident(env: any, { name = 'none' }) {},
  },
} satisfies WorkerConfig

workerConfig.monitors.push({ id: 'late', name: 'Late', method: 'GET', target: 'https://late.example.org' })

export const maintenances = [
  ...(function () {
    return [{ monitors: ['www'], body: 'Monthly', start: `${new Date().getFullYear()}-01-15` }]
  })(),
  { monitors: ['www'], body: 'Computed', start: Date.now(), end: '2025-07-01T00:00:00Z' },
  { monitors: ['www', 'db'], title: 'Move', body: 'Somewhere else', start: '2025-06-20T10:00', end: '2025-06-20T12:00' },
]
