'use strict';
// Fastify with @fastify/rate-limit on Redis and @fastify/http-proxy (undici): the fast stack of a Node gateway.
const Redis = require('ioredis');
const pino = require('pino');

const [port, upstream, redisPort, limit, windowMs, prefix, log] = process.argv.slice(2);

async function main() {
  const loggerInstance = pino(pino.destination({ dest: log, sync: false, minLength: 4096 }));
  // One line a request, as the other contenders write.
  const app = require('fastify')({ loggerInstance, disableRequestLogging: true, keepAliveTimeout: 3600000 });
  app.addHook('onResponse', async (request, reply) => {
    request.log.info({ ip: request.ip, method: request.method, url: request.url, status: reply.statusCode, ms: reply.elapsedTime });
  });
  await app.register(require('@fastify/rate-limit'), {
    max: Number(limit),
    timeWindow: Number(windowMs),
    redis: new Redis(Number(redisPort), '127.0.0.1'),
    nameSpace: prefix,
    enableDraftSpec: true,
  });
  await app.register(require('@fastify/http-proxy'), {
    upstream: `http://127.0.0.1:${upstream}`,
    undici: { connections: 64, pipelining: 1 },
  });
  await app.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 });
}

main().catch((error) => { console.error(error); process.exit(1); });
