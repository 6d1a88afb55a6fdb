// How many activities a second the throttle takes, in one thread, in random order, all held back.
//
//   node src/throttle-bench.js 1000 1000000
//
// Prints one JSON line: for each number of people, the millions of operations a second of three runs.
// A second is one that the process spent on processors, so that other work of the machine is left out.
import { StatusService } from "./status-service.js";

const RUNS = 3;
const OPERATIONS = 4_000_000;
const LEAST_QUESTIONS = 16_384;

const results = process.argv.slice(2).map(Number).map((people) => ({ people, runs: measure(people) }));
console.log(JSON.stringify(results));

function measure(people) {
  const ids = Array.from({ length: people }, randomId);
  const questions = Array.from({ length: Math.max(people, LEAST_QUESTIONS) }, () => {
    // A string of its own, as a request brings it.
    return Buffer.from(ids[Math.floor(Math.random() * people)]).toString("latin1");
  });
  const service = new StatusService({ write: () => {} });
  for (const id of ids) service.recordActivity(id);
  return Array.from({ length: RUNS }, () => rate(service, questions));
}

function rate(service, questions) {
  const before = service.metrics.throttledRequests;
  const began = process.cpuUsage();
  for (let asked = 0; asked < OPERATIONS; asked += 1) {
    service.recordActivity(questions[asked % questions.length]);
  }
  const { user, system } = process.cpuUsage(began);
  if (service.metrics.throttledRequests - before !== OPERATIONS) throw new Error("not all were held back");
  return OPERATIONS / (user + system);
}

function randomId() {
  let id = "";
  while (id.length < 24) id += Math.floor(Math.random() * 2 ** 32).toString(16).padStart(8, "0");
  return id;
}
