const pageConfig = {
  title: "Somebody's Status Page",
  links: [],
}

const workerConfig = {
  kvWriteCooldownMinutes: 3,
  monitors: [
    {
      id: 'blog',
      name: 'Blog',
      method: 'GET',
      target: 'https://blog.example.org',
      checkLocationWorkerRoute: 'https://hk.example.org',
      timeout: 1500,
    },
    // statusPageLink: 'https://example.org',
    { id: 'proxy', name: 'Proxy', method: 'TCP_PING', target: 'proxy.example.org:444', timeout: 1000 }
  ],
  notification: {
    appriseApiServer: "https://apprise.example.com/notify",
    recipientUrl: "tgram://123456:ABCDEF_ghijklmnopqrstuvwxyz-0123456/-1001234567890, bark://bark.example.org/DeviceKey0123456789",
    timeZone: "Asia/Shanghai",
  },
  callbacks: {
    onStatusChange: async (
      env: any,
      monitor: any,
      reason: string
    ) => {
      // Nothing is done here
    },
    onIncident: async (env: any) => {
    },
  },
}
// Don't forget this, otherwise compilation fails.
export { pageConfig, workerConfig }
