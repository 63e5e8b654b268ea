package glia.tensor.ops.attention;

import glia.tensor.kernel.Runs;
import java.util.Arrays;

/// The last positions of blocks of `blockSize` positions among the tokens of a pass. Immutable.
public final class BlockEnds {
    private final int blockSize;
    private final int[] rows;
    private final int[] positions;
    private final int[] runOf;

    public BlockEnds(Runs runs, int blockSize) {
        this.blockSize = blockSize;
        int[] found = new int[runs.numTokens()];
        int[] at = new int[found.length];
        int[] in = new int[found.length];
        int count = 0;
        for (int run = 0; run < runs.count(); run++) {
            for (int n = runs.start(run); n < runs.end(run); n++) {
                int position = runs.position(run) + n - runs.start(run);
                if ((position + 1) % blockSize == 0) {
                    found[count] = n;
                    at[count] = position;
                    in[count++] = run;
                }
            }
        }
        rows = Arrays.copyOf(found, count);
        positions = Arrays.copyOf(at, count);
        runOf = Arrays.copyOf(in, count);
    }

    public int blockSize() {
        return blockSize;
    }

    /// The number of blocks that end in the pass.
    public int count() {
        return rows.length;
    }

    /// The row of an end in the pass.
    public int row(int entry) {
        return rows[entry];
    }

    /// The position of an end in its sequence.
    public int position(int entry) {
        return positions[entry];
    }

    int run(int entry) {
        return runOf[entry];
    }

    /// A run for each block, at the block's first position.
    public Runs starts() {
        Runs starts = new Runs();
        for (int position : positions) {
            starts.add(1, position + 1 - blockSize);
        }
        return starts;
    }
}
