// Sends the requests of a file in turn, each virtual user from a place of its own, the users in turn to several ports of this machine.
// K6_PORTS: the ports. K6_REQUESTS: the file, JSON: paths and what signs each. K6_TOKEN: the session's.
import { SharedArray } from 'k6/data';
import http from 'k6/http';

const requests = new SharedArray('requests', () => JSON.parse(open(__ENV.K6_REQUESTS)));
const ports = __ENV.K6_PORTS.split(',');

export const options = { discardResponseBodies: true, summaryTrendStats: ['p(99)'] };

export default function () {
  const { path, signed } = requests[(__VU * 97 + __ITER) % requests.length];
  http.get(`http://localhost:${ports[__VU % ports.length]}${path}`, {
    headers: { 'Authorization': `Bearer ${__ENV.K6_TOKEN}`, 'Healthsecure-Read-Request': signed, 'Accept-Encoding': 'identity' },
  });
}

export function handleSummary({ metrics }) {
  const { http_reqs: asked, http_req_duration: took, http_req_failed: failed, data_received: came } = metrics;
  const said = {
    perSecond: asked.values.rate,
    p99: took.values['p(99)'],
    bytes: Math.round(came.values.count / asked.values.count),
    errors: failed.values.passes,
  };
  return { stdout: JSON.stringify(said) };
}
