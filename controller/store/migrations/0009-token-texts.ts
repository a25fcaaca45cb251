/** The texts of issued tokens in a table of their own, so that what decisions read of them fits its page. */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of [
    sql`create table issued_token_texts (
      organisation text not null references organisations (id),
      id text primary key references issued_tokens (id) on delete cascade, token text not null)`,
    sql`insert into issued_token_texts (organisation, id, token) select organisation, id, token from issued_tokens`,
    sql`alter table issued_tokens drop column token`,
  ]) {
    await statement.execute(db);
  }
}
