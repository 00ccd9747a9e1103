//! Small helpers so that a migration reads as a list of columns.

use sea_orm_migration::prelude::*;

/// A table with its primary key; columns follow.
pub fn table(name: &'static str, key: &[&'static str]) -> TableCreateStatement {
    let mut primary = Index::create();
    primary.name(format!("pk_{name}"));
    for column in key {
        primary.col(*column);
    }
    Table::create().table(name).primary_key(&mut primary).to_owned()
}

/// A foreign key; deleting the parent row while children exist is refused.
pub fn references(
    table: &mut TableCreateStatement,
    from: &'static str,
    column: &'static str,
    to: &'static str,
    to_column: &'static str,
) {
    let mut key = ForeignKey::create();
    key.name(format!("fk_{from}_{column}")).from(from, column).to(to, to_column);
    table.foreign_key(&mut key);
}

/// A unique index, named after its columns: constraint names turn into named errors.
pub async fn unique(manager: &SchemaManager<'_>, table: &'static str, columns: &[&'static str]) -> Result<(), DbErr> {
    let mut index = named(table, columns, "ux");
    manager.create_index(index.unique().to_owned()).await
}

/// A plain index.
pub async fn index(manager: &SchemaManager<'_>, table: &'static str, columns: &[&'static str]) -> Result<(), DbErr> {
    manager.create_index(named(table, columns, "ix")).await
}

/// Drops the tables in the order given.
pub async fn drop_tables(manager: &SchemaManager<'_>, tables: &[&'static str]) -> Result<(), DbErr> {
    for table in tables {
        manager.drop_table(Table::drop().table(*table).to_owned()).await?;
    }
    Ok(())
}

fn named(table: &'static str, columns: &[&'static str], prefix: &str) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(format!("{prefix}_{table}_{}", columns.join("_"))).table(table);
    for column in columns {
        index.col(*column);
    }
    index
}
