/** What the operator lets an organisation have at most, and how much of it each made use of, by month. */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of [
    sql`alter table organisations add column most_people integer`,
    sql`alter table organisations add column most_connectors integer`,
    sql`alter table organisations add column most_requests integer`,
    sql`create table usage_counts (
      organisation text not null references organisations (id), month text not null, requests integer not null,
      refused integer not null, primary key (organisation, month))`,
  ]) {
    await statement.execute(db);
  }
}
