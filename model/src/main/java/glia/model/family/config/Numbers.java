package glia.model.family.config;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.NumberRange;

/// Reads numbers of configs, each checked against the range of its kind.
public final class Numbers {
    private Numbers() { }

    /// A number that the config must have.
    public static double real(Config config, String key, NumberRange range) throws CheckpointException {
        return check(config, key, config.real(key), range);
    }

    /// A number, or the default where the config has none.
    public static double real(Config config, String key, NumberRange range, double otherwise)
            throws CheckpointException {
        return config.has(key) ? real(config, key, range) : otherwise;
    }

    /// A fixed factor, 1 where the config has none.
    public static float factor(Config config, String key) throws CheckpointException {
        return (float) real(config, key, NumberRange.FACTOR, 1);
    }

    /// A list of numbers of one kind.
    public static double[] reals(Config config, String key, NumberRange range) throws CheckpointException {
        double[] values = config.reals(key);
        for (int i = 0; i < values.length; i++) {
            check(config, key + "[" + i + "]", values[i], range);
        }
        return values;
    }

    /// The shortest decimal that rounds to an F32 value, such as 0.1, as configs have it.
    public static double decimal(float value) {
        return Double.parseDouble(Float.toString(value));
    }

    /// A count that may be 0.
    public static int count(Config config, String key, int otherwise) throws CheckpointException {
        return (int) check(config, key, config.integer(key, otherwise), NumberRange.COUNT);
    }

    /// The number of layers.
    public static int layers(Config config, String key) throws CheckpointException {
        return (int) check(config, key, config.integer(key), NumberRange.LAYERS);
    }

    /// The number of experts.
    public static int experts(Config config, String key) throws CheckpointException {
        return (int) check(config, key, config.integer(key), NumberRange.EXPERTS);
    }

    /// A token of a vocabulary.
    public static int token(Config config, String key, int vocabSize) throws CheckpointException {
        int token = config.integer(key);
        if (token < 0 || token >= vocabSize) {
            throw config.error(key, "found token " + token + ", expected one of the " + vocabSize + " tokens");
        }
        return token;
    }

    private static double check(Config config, String key, double found, NumberRange range)
            throws CheckpointException {
        if (!range.holds(found)) {
            throw config.error(key, "found " + NumberRange.text(found) + ", expected " + range.expected());
        }
        return found;
    }
}
