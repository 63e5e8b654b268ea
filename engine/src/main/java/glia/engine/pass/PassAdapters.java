package glia.engine.pass;

import glia.model.block.Pass;
import glia.tensor.ops.Compute;
import glia.tensor.ops.RowAdapters;
import java.util.Arrays;

/// The adapters of the sequences of a pass, for models with several.
final class PassAdapters {
    private final RowAdapters rows = new RowAdapters();
    private final RowAdapters outputs = new RowAdapters();
    private int[] ofRuns = new int[4];
    private int count;
    private boolean hasAny;

    /// Adds the adapter of the next run.
    void add(int adapter) {
        if (count == ofRuns.length) {
            ofRuns = Arrays.copyOf(ofRuns, 2 * count);
        }
        ofRuns[count++] = adapter;
        hasAny |= adapter > 0;
    }

    void clear() {
        count = 0;
        hasAny = false;
    }

    /// Sets the adapters of a pass, whose runs were added in their order.
    void use(Compute ops, Pass pass) {
        if (!hasAny) {
            ops.products().adapters().useNone();
            return;
        }
        rows.clear();
        outputs.clear();
        int output = 0;
        for (int run = 0; run < pass.runs().count(); run++) {
            rows.add(pass.runs().end(run) - pass.runs().start(run), ofRuns[run]);
            int first = output;
            while (output < pass.numOutputs() && pass.outputs()[output] < pass.runs().end(run)) {
                output++;
            }
            outputs.add(output - first, ofRuns[run]);
        }
        ops.products().adapters().use(rows, outputs);
    }
}
