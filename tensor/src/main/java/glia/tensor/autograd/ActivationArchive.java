package glia.tensor.autograd;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Weight;
import glia.tensor.ops.Workspace;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

/// Compact copies of activations for the backward pass. In mixed precision, when the forward pass has read the
/// activations of a sublayer for the last time, those that the backward pass will read are copied, as BF16 if all their
/// values are BF16 values, and the workspace is reused by the next sublayer. The values decide, since operations may
/// overwrite activations that were rounded. Before the backward pass of the sublayer they are restored at the same
/// addresses with the same bits.
final class ActivationArchive {
    private static final long ALIGNMENT = 64;

    /// The saved activations of a part of the workspace.
    ///
    /// @param offsets where each tensor lies in `memory`; -1 if it is not saved
    /// @param isBf16 whether a tensor is stored as BF16
    /// @param needsGradient whether a tensor needs a gradient
    record Saved(Workspace.Window window, Tensor memory, long[] offsets, boolean[] isBf16, boolean[] needsGradient) { }

    private final Workspace workspace;
    private final Workers workers;
    private final ActivationGradients gradients;
    private final Set<Tensor> results = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Set<Tensor> read = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Operation.Inputs reader = new Operation.Inputs() {
        @Override
        public void activations(Tensor... xs) {
            read.addAll(Arrays.asList(xs));
        }

        @Override
        public void weights(Weight... ws) { }
    };

    ActivationArchive(Workspace workspace, Workers workers, ActivationGradients gradients) {
        this.workspace = workspace;
        this.workers = workers;
        this.gradients = gradients;
    }

    /// Adds an operation whose activations are to be saved.
    void add(Operation operation, Tensor y) {
        results.add(y);
        if (operation.backwardReads().result()) {
            read.add(y);
        }
        if (operation.backwardReads().inputs()) {
            operation.inputs(reader);
        }
    }

    /// Adds activations to be saved.
    void keep(Tensor... xs) {
        read.addAll(Arrays.asList(xs));
    }

    /// Saves what the added operations read of the workspace from a mark on, and what they allocated for themselves,
    /// such as the denominators of a softmax.
    Saved save(int mark) {
        Workspace.Window window = workspace.window(mark);
        int count = window.size();
        long[] offsets = new long[count];
        boolean[] isBf16 = new boolean[count];
        boolean[] needsGradient = new boolean[count];
        long bytes = 0;
        for (int i = 0; i < count; i++) {
            Tensor t = window.tensor(i);
            needsGradient[i] = gradients.needs(t);
            offsets[i] = -1;
            if (read.contains(t) || !results.contains(t)) {
                isBf16[i] = Bf16Copies.fits(workers, t);
                offsets[i] = bytes;
                bytes += Math.ceilDiv((isBf16[i] ? DType.BF16 : DType.F32).bytes(t.size()), ALIGNMENT) * ALIGNMENT;
            }
        }
        Tensor memory = gradients.pool().allocate(Math.toIntExact(bytes / ALIGNMENT), (int) ALIGNMENT / Float.BYTES);
        for (int i = 0; i < count; i++) {
            Tensor t = window.tensor(i);
            if (offsets[i] >= 0 && isBf16[i]) {
                Bf16Copies.pack(workers, t, memory.address() + offsets[i]);
            } else if (offsets[i] >= 0) {
                memory.view(offsets[i], DType.F32, t.rows(), t.cols()).copyFrom(t);
            }
        }
        results.clear();
        read.clear();
        return new Saved(window, memory, offsets, isBf16, needsGradient);
    }

    /// Restores saved activations and frees their copies.
    void restore(Saved saved) {
        workspace.reopen(saved.window);
        for (int i = 0; i < saved.offsets.length; i++) {
            Tensor t = saved.window.tensor(i);
            gradients.drop(t);
            gradients.need(t, saved.needsGradient[i]);
            if (saved.offsets[i] >= 0 && saved.isBf16[i]) {
                Bf16Copies.unpack(workers, saved.memory.address() + saved.offsets[i], t);
            } else if (saved.offsets[i] >= 0) {
                t.copyFrom(saved.memory.view(saved.offsets[i], DType.F32, t.rows(), t.cols()));
            }
        }
        gradients.pool().release(saved.memory);
    }
}
