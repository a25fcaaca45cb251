/** What people expose, and the part of its hostnames that is theirs. */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of [
    sql`create table exposures (
      organisation text not null references organisations (id), id text not null primary key, network text not null,
      connector text, person text not null, device text not null, hostname text not null, port integer not null,
      allow text, created_ms integer not null, until_ms integer not null, ended_ms integer)`,
    sql`create index exposures_by_end on exposures (organisation, ended_ms)`,
    sql`create table exposure_labels (
      organisation text not null references organisations (id), label text not null, person text not null,
      primary key (organisation, label))`,
    sql`create index exposure_labels_by_person on exposure_labels (organisation, person)`,
  ]) {
    await statement.execute(db);
  }
}
