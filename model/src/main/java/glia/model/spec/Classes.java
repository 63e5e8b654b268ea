package glia.model.spec;

import java.util.HashSet;
import java.util.List;

/// The output of a sequence classifier: a score for each class, from one pooled hidden state of a text.
///
/// @param labels the names of the classes, by index
/// @param pool which hidden state is the input of the head
public record Classes(List<String> labels, Pool pool, Outcome outcome) {
    public Classes {
        labels = List.copyOf(labels);
        if (labels.isEmpty()) {
            throw new IllegalArgumentException("a classifier without labels");
        }
        if (new HashSet<>(labels).size() < labels.size()) {
            throw new IllegalArgumentException("labels: found " + labels + ", expected different ones");
        }
    }

    /// The hidden state, or the mean of all, that stands for a text.
    public enum Pool { FIRST, LAST, MEAN }

    /// What scores mean.
    public enum Outcome {
        /// One of the classes: probabilities are the softmax of the scores.
        ONE,
        /// Any number of the classes: each has a probability of its own, the sigmoid of its score.
        ANY,
        /// The scores are the result, such as a reward.
        NUMBER
    }

    public int size() {
        return labels.size();
    }
}
