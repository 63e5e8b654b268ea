package glia.engine.diffusion;

import java.util.SplittableRandom;

/// The random numbers of a sampler, by what they are for. A sample of probabilities p is `argmax p / e` with
/// exponential numbers e.
public interface DiffusionNoise {
    /// In place of a token: the number of a place itself.
    int NO_TOKEN = -1;

    /// Is called before each step.
    ///
    /// @param block the number of the block
    /// @param step of the block, from 0
    default void begin(int block, int step) { }

    /// A number between 0 and 1.
    double uniform(int place, int token);

    /// A number of the exponential distribution with mean 1.
    double exponential(int place, int token);

    /// A token, all equally probable.
    ///
    /// @param step the steps of the block so far; 0 for the canvas that it starts with
    int token(int block, int step, int place, int vocabSize);

    /// Pseudorandom numbers.
    static DiffusionNoise of(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        return new DiffusionNoise() {
            @Override
            public double uniform(int place, int token) {
                return random.nextDouble(Double.MIN_NORMAL, 1);
            }

            @Override
            public double exponential(int place, int token) {
                return -Math.log(uniform(place, token));
            }

            @Override
            public int token(int block, int step, int place, int vocabSize) {
                return random.nextInt(vocabSize);
            }
        };
    }
}
