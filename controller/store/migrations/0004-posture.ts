/** Who says from outside which devices are compliant, what they said, and the serial number by which they mean a device. */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of [
    sql`alter table nodes add column serial text`,
    sql`create index nodes_by_serial on nodes (organisation, serial) where serial is not null`,
    sql`create table posture_sources (
      organisation text not null references organisations (id), name text not null, secret blob,
      heard_ms integer, fault text, primary key (organisation, name))`,
    sql`create table posture_verdicts (
      organisation text not null references organisations (id), source text not null, subject text not null,
      compliant integer not null, at_ms integer not null, primary key (organisation, source, subject))`,
  ]) {
    await statement.execute(db);
  }
}
