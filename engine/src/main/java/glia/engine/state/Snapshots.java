package glia.engine.state;

import java.util.ArrayList;
import java.util.List;

/// Snapshots of a sequence at earlier lengths, for truncation: recurrent states, and blocks that have left the span
/// since. They are denser towards the end of the sequence.
final class Snapshots implements AutoCloseable {
    /// A snapshot.
    ///
    /// @param state the recurrent states; null if there are none
    /// @param windows by group, the blocks needed; null for groups that do not slide
    record Snapshot(int length, Block state, Block[][] windows) { }

    private final BlockPool pool;
    private final int most;
    /// By length.
    private final List<Snapshot> all = new ArrayList<>();
    private final BlockPool.Reclaimer reclaimer = this::reclaim;

    Snapshots(BlockPool pool, int most) {
        this.pool = pool;
        this.most = most;
        pool.add(reclaimer);
    }

    /// Adds a snapshot that is longer than all others.
    void add(int length, Block state, Block[][] windows) {
        if (state != null) {
            pool.cache(state);
        }
        for (Block[] window : windows) {
            for (int i = 0; window != null && i < window.length; i++) {
                pool.cache(window[i]);
            }
        }
        all.add(new Snapshot(length, state, windows));
        if (all.size() > most) {
            drop(leastUseful(length));
        }
    }

    /// The snapshot whose removal enlarges the gap least, relative to the distance from the end. Never the last.
    private int leastUseful(int end) {
        int found = 0;
        double least = Double.MAX_VALUE;
        for (int i = 0; i + 1 < all.size(); i++) {
            int before = i == 0 ? 0 : all.get(i - 1).length;
            double growth = (all.get(i + 1).length - before) / (double) (end - before);
            if (growth < least) {
                least = growth;
                found = i;
            }
        }
        return found;
    }

    /// The longest snapshot of at most `length` tokens; null if there is none.
    Snapshot longest(int length) {
        for (int i = all.size() - 1; i >= 0; i--) {
            if (all.get(i).length <= length) {
                return all.get(i);
            }
        }
        return null;
    }

    /// Removes snapshots of more than `length` tokens.
    void truncate(int length) {
        while (!all.isEmpty() && all.getLast().length > length) {
            drop(all.size() - 1);
        }
    }

    private boolean reclaim() {
        if (all.isEmpty()) {
            return false;
        }
        drop(0);
        return true;
    }

    private void drop(int i) {
        Snapshot snapshot = all.remove(i);
        if (snapshot.state != null) {
            pool.uncache(snapshot.state);
        }
        for (Block[] window : snapshot.windows) {
            for (int j = 0; window != null && j < window.length; j++) {
                pool.uncache(window[j]);
            }
        }
    }

    @Override
    public void close() {
        truncate(0);
        pool.remove(reclaimer);
    }
}
