'use strict';
// Express with express-rate-limit, its Redis store, morgan and http-proxy: the usual stack of a Node gateway.
const fs = require('node:fs');
const http = require('node:http');
const express = require('express');
const { rateLimit } = require('express-rate-limit');
const httpProxy = require('http-proxy');
const Redis = require('ioredis');
const morgan = require('morgan');
const { RedisStore } = require('rate-limit-redis');

const [port, upstream, redisPort, limit, windowMs, prefix, log] = process.argv.slice(2);
const redis = new Redis(Number(redisPort), '127.0.0.1');
const proxy = httpProxy.createProxyServer({
  target: `http://127.0.0.1:${upstream}`,
  agent: new http.Agent({ keepAlive: true, maxSockets: 64, maxFreeSockets: 64 }),
  xfwd: true,
});
proxy.on('error', (error, req, res) => { if (!res.headersSent) res.writeHead(502); res.end(); });

const app = express();
app.disable('x-powered-by');
app.use(morgan('combined', { stream: fs.createWriteStream(log, { flags: 'a' }) }));
app.use(rateLimit({
  windowMs: Number(windowMs),
  limit: Number(limit),
  standardHeaders: 'draft-8',
  legacyHeaders: true,
  store: new RedisStore({ prefix, sendCommand: (command, ...args) => redis.call(command, ...args) }),
}));
app.use((req, res) => proxy.web(req, res));

const server = app.listen(Number(port), '127.0.0.1', 4096);
server.keepAliveTimeout = 3600000;
