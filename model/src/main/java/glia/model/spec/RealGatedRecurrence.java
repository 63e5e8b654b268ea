package glia.model.spec;

import glia.tensor.kernel.Activation;
import java.util.List;

/// The recurrent mixer of Griffin (https://arxiv.org/abs/2402.19427): `out(scan(u, i, r) ⊙ f(gate(x)))` with
/// `u = conv(in(x))` and the gates i and r block-diagonal maps of u (`RealGatedScan`). All maps have biases.
///
/// @param size C, the channels of the recurrence
/// @param numBlocks the blocks of the gates' matrices, a divisor of C
/// @param kernel the tokens of the depthwise causal convolution
public record RealGatedRecurrence(int size, int numBlocks, int kernel, Activation activation) implements Mixer {
    public RealGatedRecurrence {
        if (size < 1 || numBlocks < 1 || size % numBlocks != 0 || kernel < 1) {
            throw new IllegalArgumentException("a recurrence of " + size + " channels with gates of " + numBlocks
                    + " blocks after a convolution of " + kernel + " tokens");
        }
    }

    /// The channels of a block.
    public int blockSize() {
        return size / numBlocks;
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        shapes.linear(Role.GATE, Role.GATE_BIAS, true, size, hidden);
        shapes.linear(Role.INPUT, Role.INPUT_BIAS, true, size, hidden);
        shapes.add(Role.CONVOLUTION, size, 1, kernel);
        shapes.add(Role.CONVOLUTION_BIAS, size);
        shapes.add(Role.INPUT_GATE, numBlocks, blockSize(), blockSize());
        shapes.add(Role.INPUT_GATE_BIAS, size);
        shapes.add(Role.FORGET_GATE, numBlocks, blockSize(), blockSize());
        shapes.add(Role.FORGET_GATE_BIAS, size);
        shapes.add(Role.DECAY, size);
        shapes.linear(Role.OUTPUT, Role.OUTPUT_BIAS, true, hidden, size);
    }

    /// The convolution's last inputs, then the state.
    @Override
    public List<CacheKind> caches() {
        return List.of(new CacheKind.Recurrence(Math.multiplyExact(size, kernel - 1)), new CacheKind.Recurrence(size));
    }

    @Override
    public String describe() {
        return "RG-LRU, " + size + " channels, gates of " + numBlocks + " blocks, convolution of " + kernel;
    }
}
