// A process of a Node peer: node peers.mjs PEER setup|publish|fill|work [AMOUNT].
// It speaks as bench/processes.py does: "ready", a line on stdin, one line of JSON.
import { createInterface } from "node:readline";
import pg from "pg";

const SUBSCRIBERS = 3;
const ROWS = 10_000;
const BATCH = 500; // jobs that a worker takes at once
const [peer, role, amount] = process.argv.slice(2);
const connectionString = process.env.DATABASE_URL;

const event = () => ({
  order_id: Math.floor(Math.random() * ROWS), customer: 5, items: [{ sku: "A1", qty: 1 }], total: 100,
});
const effect = (number) => `UPDATE eff${number} SET n = n + 1 WHERE id = $1`;
const numbers = [...Array(SUBSCRIBERS).keys()];

async function graphile() {
  const { run, runMigrations } = await import("graphile-worker");
  const tuned = peer === "graphile-worker-tuned";
  const tasks = Object.fromEntries(numbers.map((number) => [
    `s${number}`,
    ({ order_id }, { query }) => query(effect(number), [order_id]),
  ]));
  return {
    setup: () => runMigrations({ connectionString }),
    // Three jobs in the caller's transaction.
    enqueue: async (client) => {
      for (const number of numbers) {
        await client.query("SELECT graphile_worker.add_job($1, $2::json)", [`s${number}`, JSON.stringify(event())]);
      }
    },
    work: () => run({
      connectionString, taskList: tasks, noHandleSignals: true, concurrency: tuned ? 10 : 1,
      preset: tuned ? { worker: { localQueue: { size: BATCH }, completeJobBatchDelay: 5 } } : {},
    }),
  };
}

async function pgboss() {
  const { PgBoss } = await import("pg-boss");
  const boss = new PgBoss({ connectionString, supervise: false, schedule: false });
  boss.on("error", (error) => console.error(String(error)));
  await boss.start();
  const transactional = peer === "pg-boss-transactional";
  return {
    setup: async () => {
      for (const number of numbers) {
        await boss.createQueue(`s${number}`);
        await boss.subscribe("orders.created", `s${number}`);
      }
    },
    enqueue: (client) => boss.publish("orders.created", event(), { db: { executeSql: (text, values) => client.query(text, values) } }),
    work: async () => {
      for (const number of numbers) {
        const each = async (jobs, db) => {
          for (const { data } of jobs) await db.executeSql(effect(number), [data.order_id]);
        };
        const plain = new pg.Pool({ connectionString, max: 1 });
        const options = { batchSize: BATCH, pollingIntervalSeconds: 0.5, transactional };
        const autocommit = { executeSql: (text, values) => plain.query(text, values) };
        await boss.work(`s${number}`, options, transactional ? each : (jobs) => each(jobs, autocommit));
      }
    },
  };
}

async function inTransaction(client, act) {
  await client.query("BEGIN");
  await act();
  await client.query("COMMIT");
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
async function ready() {
  console.log("ready");
  await lines.next();
}

const one = await (peer.startsWith("graphile") ? graphile() : pgboss());
const client = new pg.Client({ connectionString });
await client.connect();
if (role === "setup") {
  await one.setup();
  await ready();
  console.log("{}");
} else if (role === "fill") {
  await ready();
  for (let begin = 0; begin < Number(amount); begin += BATCH) {
    await inTransaction(client, async () => {
      for (let i = begin; i < Math.min(begin + BATCH, Number(amount)); i++) await one.enqueue(client);
    });
  }
  console.log("{}");
} else if (role === "publish") {
  const once = () => inTransaction(client, async () => {
    await client.query(
      "INSERT INTO orders (customer, total, status, created_at) VALUES (5, 100, 'PENDING', now()) RETURNING id",
    );
    await one.enqueue(client);
  });
  await once();
  await ready();
  const end = performance.now() + Number(amount) * 1000;
  let count = 0;
  for (; performance.now() < end; count++) await once();
  console.log(JSON.stringify({ count }));
} else {
  await ready();
  await one.work();
  await lines.next(); // until stdin ends
}
process.exit(0);
