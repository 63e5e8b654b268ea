package glia.engine.runner;

import glia.tensor.ops.RankGroup;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// What rank 0 does with its sequences between two passes, as numbers, which all ranks get before a pass.
final class PassLog {
    /// What happens; what follows each is written by [LeadingRunner] and read by [Follower].
    enum Event {
        LIMIT, OPEN, RESUME, CLEAR, KEEP, ADAPTER, FORK, LEAVE, KEEP_DRAFTS, CLOSE, PREFILL, DECODE, DISCARD, RUN, END
    }

    /// Numbers of the first message; what has no room there follows in a second one.
    private static final int FIRST = 1024;

    private final RankGroup ranks;
    private final MemorySegment first = Arena.ofAuto().allocate(ValueLayout.JAVA_INT, FIRST);
    /// The first is the number of all.
    private int[] numbers = new int[FIRST];
    private int count = 1;

    PassLog(RankGroup ranks) {
        this.ranks = ranks;
    }

    PassLog add(Event event, int... values) {
        return add(event.ordinal()).add(values);
    }

    private PassLog add(int... values) {
        while (count + values.length > numbers.length) {
            numbers = Arrays.copyOf(numbers, 2 * numbers.length);
        }
        System.arraycopy(values, 0, numbers, count, values.length);
        count += values.length;
        return this;
    }

    /// Adds numbers that are read as a list.
    PassLog list(int... values) {
        return add(values.length).add(values);
    }

    PassLog text(String text) {
        return list(text.chars().toArray());
    }

    /// Gives all ranks what was added.
    void send() {
        numbers[0] = count;
        MemorySegment.copy(numbers, 0, first, ValueLayout.JAVA_INT, 0, FIRST);
        broadcast(first);
        if (count > FIRST) {
            MemorySegment rest = Arena.ofAuto().allocate(ValueLayout.JAVA_INT, count - FIRST);
            MemorySegment.copy(numbers, FIRST, rest, ValueLayout.JAVA_INT, 0, count - FIRST);
            broadcast(rest);
        }
        count = 1;
    }

    /// What rank 0 sent.
    int[] receive() {
        broadcast(first);
        int all = first.get(ValueLayout.JAVA_INT, 0);
        int[] received = Arrays.copyOf(first.toArray(ValueLayout.JAVA_INT), all);
        if (all > FIRST) {
            MemorySegment rest = Arena.ofAuto().allocate(ValueLayout.JAVA_INT, all - FIRST);
            broadcast(rest);
            MemorySegment.copy(rest, ValueLayout.JAVA_INT, 0, received, FIRST, all - FIRST);
        }
        return received;
    }

    private void broadcast(MemorySegment memory) {
        List<MemorySegment> slices = new ArrayList<>(List.of(memory));
        for (int r = 1; r < ranks.size(); r++) {
            slices.add(MemorySegment.NULL);
        }
        ranks.allGather(slices);
    }
}
