package glia.plan.choose;

import glia.plan.data.Device;
import glia.plan.data.Prices.Price;
import glia.plan.data.Quality.Score;
import glia.plan.predict.Shape;
import java.util.Comparator;
import java.util.Map;

/// A model on hardware that may meet the needs, with what was predicted of it.
///
/// @param id of the catalogue
/// @param name of the model
/// @param thinks whether the model thinks before it answers
/// @param weights the format of the weights
/// @param cacheBytes bytes of a cached number: 2 for BF16, 1 for FP8
/// @param devices that share one copy of the model
/// @param copies of the model
/// @param batch sequences at a time in each copy
/// @param memory bytes by part, of one copy
/// @param rate output tokens per second of all copies under full load; without output, tokens of prompts
/// @param firstToken seconds to the first token, of 95 % of the requests
/// @param betweenTokens seconds between tokens
/// @param answer seconds to the end of an answer of mean length, with its thinking
/// @param month USD per month
/// @param millionTokens USD for a million tokens, prompts and answers together, at the needed rate
/// @param energy joules of such a token, at the highest power of the devices
/// @param bound what limits a step: memory, reading, arithmetic, kernels
/// @param context tokens that the model can read
/// @param scores published, by benchmark of the needs
public record Choice(String id, String name, boolean thinks, Shape shape, Format weights, double cacheBytes,
        Device device, int devices, int copies, int batch, Map<String, Double> memory, double rate, double firstToken,
        double betweenTokens, double answer, Price price, double month, double millionTokens, double energy,
        String bound, int context, Map<String, Score> scores, Licences.Terms licence) {
    /// Formats of weights.
    public enum Format {
        /// 16 bits.
        BF16(16),
        /// 8 bits with scales.
        FP8(8.1),
        /// 4 bits with scales, such as Q4_K_M or AWQ.
        Q4(4.8);

        private final double bits;

        Format(double bits) {
            this.bits = bits;
        }

        /// Bits of a weight, scales included.
        public double bits() {
            return bits;
        }
    }

    public Choice {
        memory = Map.copyOf(memory);
        scores = Map.copyOf(scores);
    }

    /// The model, with its effort: `llama-3.1-8b`, or `qwen3-8b, thinking`.
    public String label() {
        return id + (thinks ? ", thinking" : "");
    }

    /// The score in a benchmark; lower than any if none is published.
    double points(String benchmark) {
        Score score = scores.get(benchmark);
        return score == null ? Double.NEGATIVE_INFINITY : score.points();
    }

    /// What choices are ranked by: USD a month, or the memory of the devices if they have no price, in GB.
    public double cost() {
        return price.dollars() > 0 ? month : allDevices() * device.memory().orElse(0) / 1e9;
    }

    /// The order in which choices are shown: by cost, without prices then by the time of an answer, then by the score
    /// in a benchmark.
    static Comparator<Choice> order(String benchmark) {
        return Comparator.comparingDouble(Choice::cost)
                .thenComparing(c -> c.price.dollars() > 0 ? 0 : c.answer)
                .thenComparing(c -> -c.points(benchmark)).thenComparing(Choice::label);
    }

    /// The number of devices of all copies.
    public int allDevices() {
        return devices * copies;
    }
}
