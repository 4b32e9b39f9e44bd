//! How many network threads, and whether each needs a descriptor table of its own.

/// Descriptors of the process that are no connections: journal, archive, database, listeners, wakers.
const RESERVED: usize = 128;

/// What the network floor is built like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Network threads, at least 1.
    pub threads: usize,
    /// Whether each thread takes a descriptor table of its own.
    pub is_private: bool,
    /// Connections held at once, all threads together.
    pub max_connections: usize,
}

/// Works out the plan for `max_connections` on `cores`, where a descriptor table holds `limit` entries.
/// `threads` 0 = as many as needed; otherwise that many, and fewer connections where they do not fit.
///
/// The kernel spreads connections over listeners by chance, so a table is filled to nine tenths only.
pub fn plan(max_connections: usize, cores: usize, limit: u64, threads: usize) -> Plan {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let usable = limit.saturating_sub(RESERVED).max(1);
    let fits_one_table = max_connections <= usable;
    let room = if fits_one_table {
        max_connections
    } else {
        (usable / 10 * 9).max(1)
    };
    let needed = max_connections.div_ceil(room).max(1);
    let threads = if threads == 0 {
        cores.max(1).max(needed)
    } else {
        threads
    };
    let holds = if fits_one_table {
        max_connections
    } else {
        room.saturating_mul(threads)
    };
    Plan {
        threads,
        is_private: !fits_one_table && threads > 1,
        max_connections: max_connections.min(holds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_table_where_it_is_large_enough() {
        let plan = plan(40_000, 2, 1_048_576, 0);
        assert_eq!(
            plan,
            Plan {
                threads: 2,
                is_private: false,
                max_connections: 40_000
            }
        );
    }

    #[test]
    fn more_threads_and_private_tables_where_it_is_not() {
        let plan = plan(40_000, 2, 20_000, 0);
        assert_eq!(
            plan,
            Plan {
                threads: 3,
                is_private: true,
                max_connections: 40_000
            }
        );
    }

    #[test]
    fn a_fixed_number_of_threads_bounds_the_connections() {
        let plan = plan(40_000, 2, 1128, 2);
        assert_eq!(
            plan,
            Plan {
                threads: 2,
                is_private: true,
                max_connections: 1800
            }
        );
        assert_eq!(super::plan(10, 4, 0, 1).max_connections, 1);
    }
}
