package glia.model.block;

import glia.model.spec.BytePatches;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttendedPositions;
import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Runs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// Which bytes of a pass are of which patches, and what is known of the patches before.
final class PatchedBytes {
    private final BytePatches spec;
    private final Pass bytes;
    private final RecurrentState state;
    /// The patches that end: their tokens are the rows of their last bytes, their positions their numbers.
    final Pass pass = new Pass();
    final AttendedPositions seen = new AttendedPositions();
    /// For each byte the patch that it is of, if that ends; then the same for the open patch of each earlier run.
    final int[] groups;
    /// The runs that go on.
    private final int[] continued;
    /// Of each run the number of ended patches and the start of the open one, at its end.
    private final int[] numbers;
    private final int[] starts;
    private final Runs readers = new Runs();
    private final Runs slots = new Runs();
    private final List<Integer> read = new ArrayList<>();
    /// The last of `read` of each run.
    private final int[] lastRead;
    int count;

    PatchedBytes(BytePatches spec, Pass bytes, RecurrentState state, boolean[] ends) {
        this.spec = spec;
        this.bytes = bytes;
        this.state = state;
        Runs runs = bytes.runs();
        pass.bytes = bytes;
        continued = IntStream.range(0, runs.count()).filter(run -> runs.position(run) > 0).toArray();
        numbers = new int[runs.count()];
        starts = new int[runs.count()];
        lastRead = new int[runs.count()];
        groups = new int[bytes.numTokens() + continued.length];
        Arrays.fill(groups, -1);
        int earlier = 0;
        for (int run = 0; run < runs.count(); run++) {
            run(run, runs.position(run) > 0 ? earlier++ : -1, ends);
        }
    }

    /// @param earlier the number of the run among those that go on, or -1
    private void run(int run, int earlier, boolean[] ends) {
        Runs runs = bytes.runs();
        int from = runs.start(run);
        int to = runs.end(run);
        int number = earlier < 0 ? 0 : (int) Memory.f32(state.before(run));
        int start = earlier < 0 ? 0 : (int) Memory.f32(state.before(run) + 4);
        int first = number;
        int[] ended = new int[to - from];
        int open = from;
        int unread = from;
        int current = earlier;
        for (int n = from; n < to; n++) {
            int position = runs.position(run) + n - from;
            boolean isEnd = position == 0 || ends[n] || position - start + 1 == spec.patcher().maxLength();
            seen.add(isEnd ? position - start + 1 : 1);
            for (int i = 0; i < seen.count(n); i++) {
                seen.set(n, i, isEnd ? start + i : position);
            }
            if (isEnd) {
                read(n - unread, current);
                unread = n;
                current = continued.length + count;
                Arrays.fill(groups, open, n + 1, count);
                if (number == first && earlier >= 0 && start < runs.position(run)) {
                    groups[bytes.numTokens() + earlier] = count;
                }
                ended[number++ - first] = n;
                start = position + 1;
                open = n + 1;
                count++;
            }
        }
        read(to - unread, current);
        lastRead[run] = read.size() - 1;
        numbers[run] = number;
        starts[run] = start;
        if (number > first) {
            pass.add(ended, 0, number - first, first, Pass.Outputs.NONE);
        }
    }

    private void read(int numBytes, int patch) {
        if (numBytes > 0) {
            readers.add(numBytes, 0);
            slots.add(spec.reading().slots(), 0);
            read.add(patch);
        }
    }

    /// The last bytes of the patches that end.
    int[] rows() {
        return Arrays.copyOf(pass.tokens(), count);
    }

    /// The patches that are read: of those before the pass, then of those that end.
    int[] read() {
        return read.stream().mapToInt(i -> i).toArray();
    }

    CrossLayer.ReadPatches runs() {
        return new CrossLayer.ReadPatches(readers, slots);
    }

    /// Of each run that goes on the slots of its last patch, or the maximum of the bytes of its open patch.
    Tensor before(boolean ofSlots) {
        int hidden = spec.hidden();
        int size = ofSlots ? hidden * spec.reading().slots() : hidden;
        Tensor all = BytePatchesBlock.constant(continued.length, size, 0);
        for (int i = 0; i < all.size(); i++) {
            all.set(i, Memory.f32(state.before(continued[i / size])
                    + 4L * (2 + (ofSlots ? hidden : 0) + i % size)));
        }
        return all;
    }

    /// Writes the state after the pass.
    ///
    /// @param x of the bytes, `[N, D]`
    /// @param slots of the patches that are read
    void keep(Tensor x, Tensor slots) {
        for (int run = 0; run < numbers.length; run++) {
            long after = state.after(run);
            if (after == 0) {
                continue;
            }
            int to = bytes.runs().end(run);
            int position = bytes.runs().position(run);
            int open = Math.max(bytes.runs().start(run), to - (position + to - bytes.runs().start(run)
                    - starts[run]));
            boolean goesOn = starts[run] < position;
            for (int i = 0; i < x.cols(); i++) {
                float most = goesOn ? Memory.f32(state.before(run) + 4L * (2 + i)) : Float.NEGATIVE_INFINITY;
                for (int n = open; n < to; n++) {
                    most = Math.max(most, x.get((long) n * x.cols() + i));
                }
                Memory.f32(after + 4L * (2 + i), open == to && !goesOn ? 0 : most);
            }
            for (int i = 0; i < slots.cols(); i++) {
                Memory.f32(after + 4L * (2 + x.cols() + i), slots.get((long) lastRead[run] * slots.cols() + i));
            }
            Memory.f32(after, numbers[run]);
            Memory.f32(after + 4, starts[run]);
        }
    }
}
