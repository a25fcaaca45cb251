/** Documents that wait for a second administrator. */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  await sql`create table proposals (
    organisation text not null references organisations (id), id text primary key, document blob not null,
    revision bigint not null, changes text not null, who text not null, behind text not null, created_ms bigint not null,
    state text not null, decided_ms bigint, decided_by text)`.execute(db);
}
