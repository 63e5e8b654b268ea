package glia.tensor.autograd;

import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;

/// Which activations of a recording want a gradient, and the gradients that have begun to gather. A gradient takes
/// memory from its first contribution until the operation that made the activation has gone back.
final class ActivationGradients implements AutoCloseable {
    private final TensorPool pool = new TensorPool();
    private final Map<Tensor, Tensor> gradients = new IdentityHashMap<>();
    private final Set<Tensor> needed = Collections.newSetFromMap(new IdentityHashMap<>());

    ActivationGradients() { }

    boolean needs(Tensor x) {
        return needed.contains(x);
    }

    /// Says whether a new activation wants a gradient. Workspaces hand out the same tensors again, so it has to be said
    /// of each.
    void need(Tensor x, boolean wanted) {
        if (wanted) {
            needed.add(x);
        } else {
            needed.remove(x);
        }
    }

    /// Whether anything has flowed back to an activation.
    boolean has(Tensor x) {
        return gradients.containsKey(x);
    }

    /// The gradient of an activation that wants one, zero at first.
    Tensor of(Tensor x) {
        Tensor g = gradients.get(x);
        if (g == null) {
            g = pool.allocate(x.rows(), x.cols());
            g.zero();
            gradients.put(x, g);
        }
        return g;
    }

    /// Adds `scale · d`; the first contribution is written.
    void add(Tensor x, Tensor d, float scale, Kernels kernels) {
        Tensor g = gradients.get(x);
        if (g == null) {
            g = pool.allocate(x.rows(), x.cols());
            gradients.put(x, g);
            kernels.scale(g, d, scale);
        } else {
            kernels.add(g, g, d, scale);
        }
    }

    /// Takes what has flowed back to an activation as the gradient of another one, its equal.
    void move(Tensor from, Tensor to, Kernels kernels) {
        Tensor g = gradients.get(from);
        if (from == to || g == null) {
            return;
        }
        if (gradients.containsKey(to)) {
            add(to, g, 1, kernels);
        } else if (needs(to)) {
            gradients.put(to, g);
            gradients.remove(from);
            return;
        }
        drop(from);
    }

    /// Gives back the memory of a gradient that nobody will ask for any more.
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
