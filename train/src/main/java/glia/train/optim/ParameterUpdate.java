package glia.train.optim;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import java.util.Map;

/// One step of one parameter: what an [UpdateRule] reads and writes. All tensors are F32 and contiguous.
///
/// @param weight `[R,C]` or `[C]`, changed in place
/// @param gradient of the same size; read only
/// @param state the rule's state tensors, changed in place
/// @param step 1 for the first update
/// @param learningRate the rate in force, with the factors of schedule and group
/// @param weightDecay λ
/// @param gradientScale factor of every gradient: clipping and accumulation; -1 would maximize
/// @param kernels for matrix multiplications
public record ParameterUpdate(Tensor weight, Tensor gradient, Map<String, Tensor> state, long step,
        double learningRate, double weightDecay, float gradientScale, Kernels kernels) {
    /// Elements that one chunk of work holds. Results do not depend on it: each element is computed alone.
    private static final int CHUNK = 1 << 15;

    /// A loop over the byte offsets `from` (inclusive) to `to` (exclusive) of F32 elements, 4 apart.
    interface Range {
        void run(long from, long to);
    }

    /// Runs a loop over all elements on all threads.
    void elements(Range range) {
        long bytes = weight.sizeBytes();
        int chunks = Math.toIntExact((bytes + 4L * CHUNK - 1) / (4L * CHUNK));
        Workers.Task task = (chunk, worker) -> {
            long from = 4L * CHUNK * chunk;
            range.run(from, Math.min(bytes, from + 4L * CHUNK));
        };
        if (chunks <= 1) {
            range.run(0, bytes);
        } else {
            kernels.workers().run(task, chunks);
        }
    }

    /// A weight after the step.
    interface Element {
        /// @param offset of the element in bytes, the same in weight and state
        float of(long offset, float weight, float gradient);
    }

    /// Changes each weight by the scaled gradient g. Weight decay is a part of the gradient, `g ← g + λ·w`; if
    /// it is decoupled, the weight is `w·(1 - η·λ)` instead.
    void weights(boolean decoupled, Element rule) {
        long w = weightAddress();
        long g = gradientAddress();
        float decay = decoupled ? 0 : (float) weightDecay;
        float keep = decoupled ? (float) (1 - learningRate * weightDecay) : 1;
        elements((from, to) -> {
            for (long i = from; i < to; i += 4) {
                float old = keep * Memory.f32(w + i);
                Memory.f32(w + i, rule.of(i, old, gradientScale * Memory.f32(g + i) + decay * old));
            }
        });
    }

    /// The moving average `a ← β·a + (1-β)·x` in a state tensor.
    Average average(String name, double beta) {
        return new Average(address(name), (float) beta, (float) (1 - beta));
    }

    /// A moving average of gradients.
    record Average(long address, float keep, float add) {
        /// Adds a gradient at a byte offset and returns the average.
        float of(long offset, float gradient) {
            return set(offset, keep * Memory.f32(address + offset) + add * gradient);
        }

        /// Adds the square of a gradient.
        float ofSquare(long offset, float gradient) {
            return set(offset, keep * Memory.f32(address + offset) + add * gradient * gradient);
        }

        private float set(long offset, float average) {
            Memory.f32(address + offset, average);
            return average;
        }
    }

    /// The address of a state tensor.
    long address(String name) {
        return Memory.address(state.get(name).address());
    }

    /// The address of the weight.
    long weightAddress() {
        return Memory.address(weight.address());
    }

    /// The address of the gradient.
    long gradientAddress() {
        return Memory.address(gradient.address());
    }

    /// The sum of the squares of a tensor, in double precision, in the order of its elements.
    static double sumOfSquares(Tensor t) {
        long from = Memory.address(t.address());
        long to = from + t.sizeBytes();
        double sum = 0;
        for (long a = from; a < to; a += 4) {
            double x = Memory.f32(a);
            sum += x * x;
        }
        return sum;
    }

    /// The root mean square of a tensor.
    static double rootMeanSquare(Tensor t) {
        return t.size() == 0 ? 0 : Math.sqrt(sumOfSquares(t) / t.size());
    }
}
