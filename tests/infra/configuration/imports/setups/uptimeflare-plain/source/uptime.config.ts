import { MaintenanceConfig, PageConfig, WorkerConfig } from './types/config'

const pageConfig: PageConfig = {
  title: "Kim's Status Page",
  links: [
    { link: 'https://github.com/someone', label: 'GitHub' },
    { link: 'mailto:someone@example.org', label: 'Email Me', highlight: true },
  ],
  // What is in no group is watched, but not shown
  group: {
    '🌐 Public': ['home', 'api', 'gone'],
    '🔐 Private': ['ssh', 'api'],
  },
  logo: 'https://example.org/logo.svg',
  maintenances: { upcomingColor: 'gray' },
  customFooter: '<p>Example</p>',
}

const workerConfig: WorkerConfig = {
  kvWriteCooldownMinutes: 3,
  monitors: [
    {
      id: 'home',
      name: '홈 페이지',
      method: 'GET',
      target: 'https://www.example.org',
      tooltip: 'GitHub Pages behind a cache',
      statusPageLink: 'https://www.example.org',
    },
    {
      id: 'api',
      name: 'API',
      method: 'POST',
      target: 'https://api.example.org/health?key=q7Xw2',
      hideLatencyChart: false,
      expectedCodes: [200, 404],
      timeout: 8000,
      headers: {
        'User-Agent': 'Uptimeflare',
        Authorization: 'Bearer s3cr3t-t0ken',
        'X-Version': 2,
      },
      body: 'Hello, world!',
      responseKeyword: 'success',
      responseForbiddenKeyword: 'bad gateway',
      checkProxy: 'worker://weur',
      checkProxyFallback: true,
    },
    {
      id: 'ssh',
      name: 'SSH',
      method: 'TCP_PING',
      target: '192.0.2.4:22',
      expectedCodes: [200],
      timeout: 5000,
    },
    { id: 'v6', name: 'SSH', method: 'TCP_PING', target: '[2001:db8::1]:2222' },
    { id: 'no-port', name: 'No port', method: 'TCP_PING', target: 'db.example.org' },
    { id: 'quiet', name: 'Quiet', method: 'HEAD', target: 'http://192.0.2.9:8080/', retries: 2 },
  ],
  notification: {
    webhook: {
      url: 'https://api.telegram.org/bot123456:ABCDEF_ghijklmnopqrstuvwxyz-0123456/sendMessage',
      payloadType: 'x-www-form-urlencoded',
      payload: {
        chat_id: -1001234567890,
        text: '$MSG',
        parse_mode: 'HTML',
      },
      timeout: 10000,
    },
    timeZone: 'Asia/Seoul',
    gracePeriod: 5,
    skipNotificationIds: ['quiet'],
  },
}

const maintenances: MaintenanceConfig[] = [
  {
    monitors: ['home', 'api'],
    title: 'New disks',
    body: 'The server gets new disks',
    start: '2025-06-10T22:00:00+09:00',
    end: '2025-06-11T02:00:00+09:00',
    color: 'blue',
  },
  { monitors: ['ssh'], body: 'In milliseconds', start: 1750000000000, end: 1750003600000 },
  { monitors: ['home'], body: 'Over', start: '2024-04-27', end: '2024-04-30' },
  { monitors: ['home'], body: 'No end', start: '2025-06-01T00:00:00Z' },
  { title: 'For visitors', body: 'No monitor', start: '2025-06-01T00:00:00Z', end: '2025-07-01T00:00:00Z' },
]

export { maintenances, pageConfig, workerConfig }
