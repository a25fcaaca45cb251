/** When each resource was last connected to, by name; what the log still has of before counts. */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of [
    sql`create table resource_last_uses (
      organisation text not null references organisations (id), resource text not null, used_ms integer not null,
      primary key (organisation, resource))`,
    sql`insert into resource_last_uses (organisation, resource, used_ms)
      select organisation, resource, max(at_ms) from audit
      where what = 'flow.open' and resource is not null group by organisation, resource`,
  ]) {
    await statement.execute(db);
  }
}
