package glia.engine.pass;

import glia.engine.state.Sequence;
import glia.model.block.LayerHook;
import glia.model.block.Pass;
import glia.model.spec.ModelSpec;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Compute;
import glia.tensor.ops.RowAdapters;
import java.util.Arrays;

/// The adapters of the sequences of a pass, for models with several, and their control vectors.
final class PassAdapters {
    private final PassSteering steering;
    private final RowAdapters rows = new RowAdapters();
    private final RowAdapters outputs = new RowAdapters();
    private int[] ofRuns = new int[4];
    private int count;
    private boolean hasAny;

    PassAdapters(ModelSpec spec, Kernels kernels) {
        steering = new PassSteering(spec, kernels);
    }

    /// Adds those of the next run.
    void add(Sequence sequence) {
        steering.add(sequence.steering());
        if (count == ofRuns.length) {
            ofRuns = Arrays.copyOf(ofRuns, 2 * count);
        }
        ofRuns[count++] = sequence.adapter();
        hasAny |= sequence.adapter() > 0;
    }

    void clear() {
        count = 0;
        hasAny = false;
        steering.clear();
    }

    /// Sets those of a pass, whose runs were added in their order.
    ///
    /// @param hook of the pass besides, or null
    void use(Compute ops, Pass pass, LayerHook hook) {
        steering.use(pass, hook);
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
