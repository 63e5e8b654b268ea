package glia.tensor.kernel;

import java.lang.foreign.Arena;
import java.util.Arrays;

/// The cosines and sines of the tokens of a pass, off-heap: a row for each token, computed for the pass's chunk only,
/// so that memory does not grow with the context. Rows are found again by their table and positions: the layers of a
/// pass share them, also if they rotate at several positions in turn, and so does a training step like the one before.
///
/// Belongs to one object of a kernel backend, which one thread at a time uses.
public final class RopeRows {
    private static final long ALIGNMENT = 64;
    /// More than the tables of a model and the positions that its layers rotate at.
    private static final int MOST = 8;

    private static final class Rows {
        private RopeTable table;
        /// The positions whose rows these were last.
        private Positions user;
        private int numTokens;
        /// The positions of each token on the table's axes.
        private int[] keys = {};
        /// Keeps the memory.
        private Arena arena;
        private long address;
        private long sizeBytes = -1;

        boolean hold(Positions positions) {
            int count = positions.numTokens();
            int axes = table.numAxes();
            int piece = 0;
            for (int n = 0; n < count; n++) {
                if (n == numTokens) {
                    return false;
                }
                while (n >= positions.end(piece)) {
                    piece++;
                }
                for (int axis = 0; axis < axes; axis++) {
                    if (keys[n * axes + axis] != positions.at(piece, n, axis)) {
                        return false;
                    }
                }
            }
            return true;
        }

        void compute(RopeTable of, Positions positions) {
            table = of;
            numTokens = 0;
            int count = positions.numTokens();
            reserve(count);
            int axes = table.numAxes();
            int piece = 0;
            for (int n = 0; n < count; n++) {
                while (n >= positions.end(piece)) {
                    piece++;
                }
                for (int axis = 0; axis < axes; axis++) {
                    keys[n * axes + axis] = positions.at(piece, n, axis);
                }
                table.fill(keys, n * axes, address + n * table.rowBytes());
            }
            numTokens = count;
        }

        private void reserve(int count) {
            int numKeys = Math.multiplyExact(count, table.numAxes());
            if (numKeys > keys.length) {
                keys = new int[Math.max(numKeys, 2 * keys.length)];
            }
            long bytes = count * table.rowBytes();
            if (bytes > sizeBytes) {
                sizeBytes = Math.max(bytes, 2 * sizeBytes);
                arena = Arena.ofAuto();
                address = arena.allocate(Math.max(1, sizeBytes), ALIGNMENT).address();
            }
        }
    }

    /// The last used first.
    private final Rows[] all = new Rows[MOST];

    /// Creates an object without rows.
    public RopeRows() {
        Arrays.setAll(all, i -> new Rows());
    }

    /// The address of the rows of a pass, one for each of its tokens in their order, `RopeTable.rowBytes` apart. It is
    /// valid until the next call.
    public long of(RopeTable table, Positions positions) {
        int found = find(table, positions);
        Rows rows = all[found];
        System.arraycopy(all, 0, all, 1, found);
        all[0] = rows;
        rows.user = positions;
        return rows.address;
    }

    private int find(RopeTable table, Positions positions) {
        int replaced = MOST - 1;
        for (int i = 0; i < MOST; i++) {
            if (all[i].table == table) {
                if (all[i].hold(positions)) {
                    return i;
                }
                // Those of the pass before.
                replaced = all[i].user == positions ? i : replaced;
            }
        }
        all[replaced].compute(table, positions);
        return replaced;
    }
}
