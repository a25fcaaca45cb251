/** Which of the values that controllers keep in Redis were taken: a Redis that goes back to an older state has them again. */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  await sql`create table taken_values (hash text primary key, until_ms integer not null)`.execute(db);
}
