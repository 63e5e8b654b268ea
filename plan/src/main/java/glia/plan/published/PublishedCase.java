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

        /// The group of figures that are fitted together.
        public String fitted() {
            return switch (this) {
                case SERVING, SERVING_EXPERTS -> "serving";
                case DECODE, DECODE_CPU, PREFILL, TRAINING -> words;
            };
        }
    }

    @Override
    public double predict(Effects effects) {
        return prediction.applyAsDouble(effects);
    }
}
