/** Changes beside the document that wait for a second administrator: what was asked of the API, and upon which state. */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  await sql`create table proposed_changes (
    organisation text not null references organisations (id), id text primary key, method text not null, route text not null,
    url text not null, body text, before text, who text not null, behind text not null, created_ms integer not null,
    state text not null, decided_ms integer, decided_by text, answer blob)`.execute(db);
}
