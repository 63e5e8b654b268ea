package glia.plan.published;

import glia.plan.data.Row;
import glia.plan.predict.Effects;
import glia.plan.predict.Fit;
import java.util.function.ToDoubleFunction;

/// A published figure that can be predicted.
///
/// @param id of the row
/// @param source the key of the publisher
/// @param kind what is predicted
/// @param published the figure
/// @param prediction computes it
/// @param row where it stands
public record PublishedCase(String id, String source, Kind kind, double published,
        ToDoubleFunction<Effects> prediction, Row row) implements Fit.Case {
    /// Kinds of figures, each with effects of its own.
    public enum Kind {
        /// Tokens per second of a device, or hours of devices.
        TRAINING("training"),
        /// Tokens per second of one sequence on GPUs and Apple's chips.
        DECODE("decode"),
        /// Tokens per second of one sequence on processors.
        DECODE_CPU("decode on CPUs"),
        /// Prompt tokens per second.
        PREFILL("prefill"),
        /// Tokens of prompt and answer per second of one sequence.
        WHOLE("prompt and answer"),
        /// Prompt or generated tokens per second with experts in the memory of CPUs and the rest on a GPU.
        HYBRID("experts on CPUs"),
        /// Output tokens per second of a server under full load, dense models.
        SERVING("serving, dense"),
        /// The same with mixtures of experts.
        SERVING_EXPERTS("serving, experts");

        private final String words;

        Kind(String words) {
            this.words = words;
        }

        /// The name in reports.
        public String words() {
            return words;
        }

        /// The group of figures that are fitted together; empty if they have no effects of their own.
        public String fitted() {
            return switch (this) {
                case SERVING, SERVING_EXPERTS -> "serving";
                case WHOLE -> "";
                case DECODE, DECODE_CPU, HYBRID, PREFILL, TRAINING -> words;
            };
        }
    }

    @Override
    public double predict(Effects effects) {
        return prediction.applyAsDouble(effects);
    }
}
