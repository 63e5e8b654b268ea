package glia.tensor.autograd;

import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;

/// The activations of a recording that need gradients, and the gradients accumulated so far. A gradient has memory from
/// its first contribution until the backward pass of the operation that computed the activation.
final class ActivationGradients implements AutoCloseable {
    private final TensorPool pool;
    private final Kernels kernels;
    private final Map<Tensor, Tensor> gradients = new IdentityHashMap<>();
    private final Set<Tensor> needed = Collections.newSetFromMap(new IdentityHashMap<>());

    ActivationGradients(TensorPool pool, Kernels kernels) {
        this.pool = pool;
        this.kernels = kernels;
    }

    boolean needs(Tensor x) {
        return needed.contains(x);
    }

    /// Sets whether a new activation needs a gradient. Workspaces reuse tensor objects, so this must be set for each.
    void need(Tensor x, boolean isNeeded) {
        if (isNeeded) {
            needed.add(x);
        } else {
            needed.remove(x);
        }
    }

    /// Whether an activation has received any gradient.
    boolean has(Tensor x) {
        return gradients.containsKey(x);
    }

    /// The gradient of an activation that needs one, initially zero.
    Tensor of(Tensor x) {
        Tensor g = gradients.get(x);
        if (g == null) {
            g = pool.allocate(x.rows(), x.cols());
            kernels.gradients().zero(g);
            gradients.put(x, g);
        }
        return g;
    }

    /// Adds `scale · d`; the first contribution is written.
    void add(Tensor x, Tensor d, float scale) {
        Tensor g = gradients.get(x);
        if (g == null) {
            g = pool.allocate(x.rows(), x.cols());
            gradients.put(x, g);
            kernels.scale(g, d, scale);
        } else {
            kernels.add(g, g, d, scale);
        }
    }

    /// Moves the gradient of an activation to another one with the same values.
    void move(Tensor from, Tensor to) {
        Tensor g = gradients.get(from);
        if (from == to || g == null) {
            return;
        }
        if (gradients.containsKey(to)) {
            add(to, g, 1);
        } else if (needs(to)) {
            gradients.put(to, g);
            gradients.remove(from);
            return;
        }
        drop(from);
    }

    /// Frees a gradient that is no longer needed.
    void drop(Tensor x) {
        Tensor g = gradients.remove(x);
        if (g != null) {
            pool.release(g);
        }
    }

    void clear() {
        gradients.clear();
        needed.clear();
        pool.clear();
    }

    TensorPool pool() {
        return pool;
    }

    @Override
    public void close() {
        pool.close();
    }
}
