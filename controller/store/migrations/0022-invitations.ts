/** Roles that wait for somebody to take them: by a link, or, without one, with their first sign-in. */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of [
    sql`create table invitations (
      organisation text not null references organisations (id), id text primary key, email text not null,
      role text not null, hash text, issuer text, created_ms integer not null, created_by text not null,
      expires_ms integer not null)`,
    sql`create unique index invitations_by_email on invitations (organisation, email)`,
    sql`alter table passkeys add column name text`,
  ]) {
    await statement.execute(db);
  }
}
