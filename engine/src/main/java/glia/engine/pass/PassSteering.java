package glia.engine.pass;

import glia.engine.steer.Steering;
import glia.model.block.LayerHook;
import glia.model.block.Pass;
import glia.model.spec.ModelSpec;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import java.util.Arrays;

/// The control vectors of the sequences of a pass.
final class PassSteering implements LayerHook {
    private static final int NOT_LAST = -1;

    private final Kernels kernels;
    /// The layers that end with each sublayer.
    private final int[] layers;
    private Steering[] ofRuns = new Steering[4];
    private int count;
    private boolean hasAny;
    private Pass pass;
    /// Called after it; null for none.
    private LayerHook other;

    PassSteering(ModelSpec spec, Kernels kernels) {
        this.kernels = kernels;
        layers = spec.layerEnds();
    }

    /// Adds the control vectors of the next run.
    void add(Steering steering) {
        if (count == ofRuns.length) {
            ofRuns = Arrays.copyOf(ofRuns, 2 * count);
        }
        ofRuns[count++] = steering;
        hasAny |= !steering.isNone();
    }

    void clear() {
        count = 0;
        hasAny = false;
        other = null;
    }

    /// Sets the hook of a pass, whose runs were added in their order.
    ///
    /// @param further a hook besides, or null
    void use(Pass ofRunsAdded, LayerHook further) {
        pass = ofRunsAdded;
        other = further;
        pass.hook(hasAny || further != null ? this : null);
    }

    @Override
    public void update(int sublayer, Tensor update) {
        if (other != null) {
            other.update(sublayer, update);
        }
    }

    @Override
    public void stream(int sublayer, Tensor stream) {
        int layer = sublayer < 0 ? NOT_LAST : layers[sublayer];
        for (int run = 0; hasAny && layer != NOT_LAST && run < count; run++) {
            Tensor sum = ofRuns[run].sum(layer);
            if (sum != null) {
                int start = pass.runs().start(run);
                int rows = pass.runs().end(run) - start;
                // Several streams lie beside one another in a row.
                int streams = stream.cols() / (int) sum.size();
                Tensor x = stream.rows(start, start + rows).reshape((long) rows * streams, sum.size());
                kernels.addRow(x, x, sum);
            }
        }
        if (other != null) {
            other.stream(sublayer, stream);
        }
    }
}
