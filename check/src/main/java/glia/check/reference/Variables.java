package glia.check.reference;

import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/// Inputs of a loss as recorded values, and the gradients of the loss for them.
public class Variables implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final Gradients gradients = new Gradients();
    private final Map<String, Weight> variables = new LinkedHashMap<>();
    private final Set<Weight> trainable = new HashSet<>();
    private final Recorder recorder;

    public Variables(Kernels kernels) {
        recorder = new Recorder(kernels, gradients, trainable::contains);
    }

    /// Memory that is freed with the variables.
    public final Arena arena() {
        return arena;
    }

    /// The ops that record.
    public final Recorder ops() {
        return recorder;
    }

    /// An input with a gradient, as a matrix with the rows of its last dimension.
    public final Value variable(String name, CaseTensor values) {
        return rows(weight(name, values));
    }

    /// An input with a gradient, as a weight.
    public final Weight weight(String name, CaseTensor values) {
        Weight w = new Weight.Stored(values.matrix(arena));
        variables.put(name, w);
        trainable.add(w);
        return w;
    }

    /// An input without a gradient.
    public final Value constant(CaseTensor values) {
        return rows(new Weight.Stored(values.matrix(arena)));
    }

    /// A weight without a gradient.
    public final Weight frozen(CaseTensor values) {
        return new Weight.Stored(values.matrix(arena));
    }

    private Value rows(Weight w) {
        return new Value(recorder, recorder.embed(w, IntStream.range(0, w.rows()).toArray(), w.rows()));
    }

    /// Runs the backward pass.
    ///
    /// @return the value of the loss
    public final double backward(Value loss) {
        double number = loss.number();
        loss.backward();
        return number;
    }

    /// The gradient of a variable.
    public final double[] gradient(String name) {
        return CaseTensor.of(gradients.of(variables.get(name))).values();
    }

    @Override
    public void close() {
        recorder.close();
        gradients.close();
        arena.close();
    }
}
