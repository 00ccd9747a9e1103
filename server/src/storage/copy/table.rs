//! Tables as the entities describe them, and their rows as bytes that are the same on every database.

use sea_orm::{
    ColumnTrait, ColumnType, DbErr, EntityTrait, IdenStatic, Iterable, PrimaryKeyToColumn, QueryResult, Value,
};

use crate::storage::DbResult;

/// The values of a row, in the order of the columns.
pub(super) type Row = Vec<Value>;

/// A table.
#[derive(Debug, Clone)]
pub struct Table {
    pub(super) name: &'static str,
    pub(super) columns: Vec<Column>,
    /// Places of the primary key's columns.
    pub(super) key: Vec<usize>,
}

/// A column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

/// What a column holds. The schema has no other kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int,
    Long,
    Text,
    Bytes,
}

/// What these hold is of the moment: what waits between two requests, what open pages are told, who serves the database. No backup
/// has it, so that whoever restores one begins without it.
const PASSING: [&str; 3] = ["ceremonies", "live_events", "servers"];

/// The tables that a backup holds.
pub fn lasting() -> DbResult<Vec<Table>> {
    Ok(tables()?.into_iter().filter(|table| !PASSING.contains(&table.name)).collect())
}

/// Every table that has an entity.
pub fn tables() -> DbResult<Vec<Table>> {
    let mut tables = Vec::new();
    macro_rules! each {
        ($module:ident) => {
            tables.push(Table::of(entities::$module::Entity)?);
        };
    }
    entities::for_each_entity!(each);
    Ok(tables)
}

impl Table {
    /// What it is called.
    pub fn name(&self) -> &'static str {
        self.name
    }

    fn of<E: EntityTrait>(entity: E) -> DbResult<Self> {
        let columns: Vec<E::Column> = E::Column::iter().collect();
        let place = |name: &str| columns.iter().position(|column| column.as_str() == name);
        let key: Option<Vec<usize>> = E::PrimaryKey::iter().map(|part| place(part.into_column().as_str())).collect();
        let name = entity.table_name();
        let key = key.filter(|key| !key.is_empty());
        let key = key.ok_or_else(|| DbErr::Custom(format!("{name} has no primary key")))?;
        let kinds = columns.iter().map(|column| {
            let kind = Kind::of(column.def().get_column_type());
            let unknown = || DbErr::Custom(format!("{name}.{} can't be copied", column.as_str()));
            Ok(Column { name: column.as_str(), kind: kind.ok_or_else(unknown)? })
        });
        Ok(Self { name, columns: kinds.collect::<DbResult<_>>()?, key })
    }

    /// The primary key of a row.
    pub(super) fn key(&self, row: &[Value]) -> Row {
        self.key.iter().map(|place| row[*place].clone()).collect()
    }

    pub(super) fn read(&self, row: &QueryResult) -> DbResult<Row> {
        let columns = self.columns.iter().enumerate();
        columns
            .map(|(place, column)| column.read(row, place).map_err(|error| self.unreadable(column, &error)))
            .collect()
    }

    /// A row from the bytes that `encode` made of it, on whichever database; nothing where they are none of this table.
    pub(super) fn decode(&self, mut bytes: &[u8]) -> Option<Row> {
        let row = self.columns.iter().map(|column| column.decode(&mut bytes)).collect::<Option<Row>>()?;
        bytes.is_empty().then_some(row)
    }

    fn unreadable(&self, column: &Column, error: &DbErr) -> DbErr {
        DbErr::Custom(format!("{}.{} can't be copied: {error}", self.name, column.name))
    }
}

impl Column {
    fn read(&self, row: &QueryResult, place: usize) -> DbResult<Value> {
        Ok(match self.kind {
            Kind::Bool => row.try_get_by_index::<Option<bool>>(place)?.into(),
            Kind::Int => row.try_get_by_index::<Option<i32>>(place)?.into(),
            Kind::Long => row.try_get_by_index::<Option<i64>>(place)?.into(),
            Kind::Bytes => row.try_get_by_index::<Option<Vec<u8>>>(place)?.into(),
            Kind::Text => match row.try_get_by_index::<Option<String>>(place)? {
                Some(text) if text.contains('\0') => {
                    return Err(DbErr::Type("PostgreSQL takes no text with a zero byte".to_owned()));
                }
                text => text.into(),
            },
        })
    }
}

impl Column {
    fn decode(&self, bytes: &mut &[u8]) -> Option<Value> {
        let (kind, value) = take(bytes)?;
        let number = || Some(i64::from_be_bytes(value.try_into().ok()?));
        Some(match (self.kind, kind) {
            (Kind::Bool, 0) => Value::from(None::<bool>),
            (Kind::Int, 0) => Value::from(None::<i32>),
            (Kind::Long, 0) => Value::from(None::<i64>),
            (Kind::Text, 0) => Value::from(None::<String>),
            (Kind::Bytes, 0) => Value::from(None::<Vec<u8>>),
            (Kind::Bool, 1) => match number()? {
                0 => false.into(),
                1 => true.into(),
                _ => return None,
            },
            (Kind::Int, 1) => i32::try_from(number()?).ok()?.into(),
            (Kind::Long, 1) => number()?.into(),
            (Kind::Text, 2) => String::from_utf8(value.to_vec()).ok()?.into(),
            (Kind::Bytes, 3) => value.to_vec().into(),
            _ => return None,
        })
    }
}

/// The next value: what it is, and its bytes.
fn take<'a>(bytes: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (kind, rest) = bytes.split_first()?;
    let (len, rest) = rest.split_first_chunk::<8>()?;
    let len = usize::try_from(u64::from_be_bytes(*len)).ok()?;
    let (value, rest) = rest.split_at_checked(len)?;
    *bytes = rest;
    Some((*kind, value))
}

impl Kind {
    fn of(column: &ColumnType) -> Option<Self> {
        match column {
            ColumnType::Boolean => Some(Self::Bool),
            ColumnType::Integer => Some(Self::Int),
            ColumnType::BigInteger => Some(Self::Long),
            ColumnType::Text | ColumnType::String(_) => Some(Self::Text),
            ColumnType::Blob | ColumnType::Binary(_) | ColumnType::VarBinary(_) => Some(Self::Bytes),
            _ => None,
        }
    }
}

/// Values as bytes: for each, what it is, its length (u64, big-endian) and itself. Numbers have 8 bytes, big-endian, and a
/// truth is the number 0 or 1: SQLite knows no other.
pub(super) fn encode(values: &[Value]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for value in values {
        match value {
            Value::Bool(Some(truth)) => put(&mut bytes, 1, &i64::from(*truth).to_be_bytes()),
            Value::Int(Some(number)) => put(&mut bytes, 1, &i64::from(*number).to_be_bytes()),
            Value::BigInt(Some(number)) => put(&mut bytes, 1, &number.to_be_bytes()),
            Value::String(Some(text)) => put(&mut bytes, 2, text.as_bytes()),
            Value::Bytes(Some(octets)) => put(&mut bytes, 3, octets),
            // Of these kinds nothing else is left than an absent one.
            _ => put(&mut bytes, 0, &[]),
        }
    }
    bytes
}

fn put(bytes: &mut Vec<u8>, kind: u8, value: &[u8]) {
    bytes.push(kind);
    bytes.extend((value.len() as u64).to_be_bytes());
    bytes.extend(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entity_is_a_table_that_can_be_copied() {
        let tables = tables().unwrap();
        assert!(tables.len() > 40);
        assert_eq!(tables.len(), lasting().unwrap().len() + PASSING.len(), "each of them is a table");
        let tiles = tables.iter().find(|table| table.name() == "log_tiles").unwrap();
        assert_eq!(
            tiles.key.iter().map(|place| tiles.columns[*place].name).collect::<Vec<_>>(),
            ["tree", "level", "place"]
        );
        let grants = tables.iter().find(|table| table.name() == "grants").unwrap();
        assert!(grants.columns.iter().any(|column| column.name == "right" && column.kind == Kind::Text));
    }

    #[test]
    fn rows_come_back_as_they_were_and_nothing_else_does() {
        let kinds = [Kind::Bool, Kind::Int, Kind::Long, Kind::Text, Kind::Bytes];
        let columns = kinds.map(|kind| Column { name: "x", kind }).to_vec();
        let table = Table { name: "x", columns, key: vec![0] };
        let full: Row = vec![true.into(), (-7_i32).into(), i64::MAX.into(), "ä".into(), vec![0_u8, 1].into()];
        let empty: Row = vec![
            Value::from(None::<bool>),
            Value::from(None::<i32>),
            Value::from(None::<i64>),
            Value::from(None::<String>),
            Value::from(None::<Vec<u8>>),
        ];
        for row in [full, empty] {
            let bytes = encode(&row);
            assert_eq!(table.decode(&bytes), Some(row));
            assert_eq!(table.decode(&bytes[..bytes.len() - 1]), None);
            assert_eq!(table.decode(&[&bytes[..], &[0]].concat()), None);
        }
        let wrong: Row = vec![2_i64.into(), 7_i32.into(), 1_i64.into(), "a".into(), b"b".to_vec().into()];
        assert_eq!(table.decode(&encode(&wrong)), None, "no truth");
        let wrong: Row = vec![true.into(), i64::MAX.into(), 1_i64.into(), "a".into(), b"b".to_vec().into()];
        assert_eq!(table.decode(&encode(&wrong)), None, "too large");
        let wrong: Row = vec![true.into(), 7_i32.into(), 1_i64.into(), b"a".to_vec().into(), b"b".to_vec().into()];
        assert_eq!(table.decode(&encode(&wrong)), None, "bytes for text");
    }

    #[test]
    fn different_rows_are_different_bytes() {
        let absent = |count: usize| encode(&vec![Value::Bytes(None); count]);
        assert_ne!(encode(&["ab".into(), "c".into()]), encode(&["a".into(), "bc".into()]));
        assert_ne!(encode(&["a".into()]), encode(&[b"a".to_vec().into()]));
        assert_ne!(encode(&["".into()]), absent(1));
        assert_ne!(absent(1), absent(2));
        assert_eq!(encode(&[true.into()]), encode(&[1_i64.into()]), "as SQLite keeps it");
        assert_eq!(encode(&[7_i32.into()]), encode(&[7_i64.into()]));
    }
}
