package glia.train.data;

import glia.engine.training.TokenBatch;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/// Packs rows of different lengths by best fit in decreasing order of length (Ding et al. 2024,
/// https://arxiv.org/abs/2404.10830): each goes to the fullest packed row that has room for it. Rows are not cut.
final class PackedRows implements Rows {
    private final Rows rows;
    private final List<int[]> packed;

    /// @param lengths tokens of each row
    /// @param tokens the most tokens of a packed row
    PackedRows(Rows rows, int[] lengths, int tokens) {
        this.rows = rows;
        List<List<Integer>> bins = new ArrayList<>();
        TreeMap<Integer, Deque<List<Integer>>> byRoom = new TreeMap<>();
        for (int row : IntStream.range(0, lengths.length).boxed()
                .sorted(Comparator.comparing(i -> -lengths[i])).toList()) {
            if (lengths[row] > tokens) {
                throw new IllegalArgumentException("found a row of " + lengths[row] + " tokens, expected at most "
                        + tokens + ", the size of packed rows");
            }
            Map.Entry<Integer, Deque<List<Integer>>> best = byRoom.ceilingEntry(lengths[row]);
            List<Integer> bin;
            int room = tokens;
            if (best == null) {
                bin = new ArrayList<>();
                bins.add(bin);
            } else {
                room = best.getKey();
                bin = best.getValue().removeFirst();
                if (best.getValue().isEmpty()) {
                    byRoom.remove(room);
                }
            }
            bin.add(row);
            byRoom.computeIfAbsent(room - lengths[row], r -> new ArrayDeque<>()).addLast(bin);
        }
        packed = bins.stream().map(bin -> bin.stream().mapToInt(Integer::intValue).toArray()).toList();
    }

    @Override
    public long size() {
        return packed.size();
    }

    @Override
    public void add(TokenBatch batch, long row) {
        for (int one : packed.get(Math.toIntExact(row))) {
            rows.add(batch, one);
        }
    }
}
