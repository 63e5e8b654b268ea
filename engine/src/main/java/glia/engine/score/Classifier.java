package glia.engine.score;

import glia.engine.HiddenStates;
import glia.engine.LanguageModel;
import glia.engine.pass.Engine;
import glia.model.block.Pass.Outputs;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.model.layout.PooledStates;
import glia.model.spec.Classes;
import glia.tensor.Tensor;
import glia.tensor.autograd.Value;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.BooleanSupplier;

/// Classifies texts with a sequence classifier, or scores them with a reward model. For any threads.
public final class Classifier {
    /// A class of a text.
    ///
    /// @param probability between 0 and 1, or the score of a model whose result is a number
    public record Prediction(String label, double probability) { }

    private final LanguageModel model;
    private final Classes classes;

    /// @throws IllegalArgumentException if the model has no classification head
    public Classifier(LanguageModel model) {
        this.model = model;
        classes = model.model().spec().head().classes().orElseThrow(() -> new IllegalArgumentException(
                "the model is no classifier: its class in config.json is none of ...ForSequenceClassification"));
    }

    /// The classes.
    public Classes classes() {
        return classes;
    }

    /// The classes of a text, best first. No control token in the text is recognized.
    ///
    /// @throws IllegalArgumentException if the text has no tokens or more than the context holds
    public List<Prediction> classify(String text) {
        double[] values = probabilities(scores(model.tokenizer().encodePlain(text, true)));
        List<Prediction> predictions = new ArrayList<>();
        for (int i = 0; i < values.length; i++) {
            predictions.add(new Prediction(classes.labels().get(i), values[i]));
        }
        predictions.sort(Comparator.comparingDouble(Prediction::probability).reversed());
        return predictions;
    }

    /// The scores (logits) of a text's classes, in the order of the labels.
    ///
    /// @throws IllegalArgumentException if there are no tokens or more than the context holds
    public double[] scores(int[] ids) {
        return scores(ids, ids.length);
    }

    /// The scores of a pair of texts.
    ///
    /// @param second the first token of the second text, which is of segment 1 in models with segments, such as BERT
    /// @throws IllegalArgumentException as above
    public double[] scores(int[] ids, int second) {
        return scores(ids, second, "", () -> true);
    }

    /// The same for one of several callers, who share the model.
    ///
    /// @param key whose text it is: callers take turns by key
    /// @param goesOn called between passes: false ends the work
    /// @return null if the work was ended
    public double[] scores(int[] ids, int second, String key, BooleanSupplier goesOn) {
        if (ids.length == 0 || ids.length > model.contextLength()) {
            throw new IllegalArgumentException("the text has " + ids.length + " tokens; the model reads 1 to "
                    + model.contextLength());
        }
        Engine engine = model.engine();
        double[][] values = new double[1][];
        if (classes.pool() == Classes.Pool.LAST && !model.model().spec().looksAhead()) {
            new HiddenStates(model).read(List.of(ids), true, key, goesOn,
                    (hidden, _, _, _) -> values[0] = scores(engine, hidden, new Pass()));
        } else if (goesOn.getAsBoolean()) {
            Pass pass = new Pass().add(ids, 0, ids.length, 0, Outputs.ALL);
            if (model.model().spec().embedding().numSegments() > 1) {
                pass.segment(ids.length - second, 1);
            }
            model.scheduler().inTurn(key, () -> values[0] = engine.hidden(pass, h -> scores(engine, h, pass)));
        }
        return values[0];
    }

    /// @param states hidden states of one text
    private double[] scores(Engine engine, Tensor states, Pass pass) {
        Value hidden = new Value(engine.ops(), states);
        Tensor pooled = PooledStates.of(hidden, new int[states.rows()], 1, PooledStates.ofClasses(classes)).tensor();
        Tensor scores = engine.decoder().logits(engine.ops(), pooled, pass, States.NONE);
        double[] values = new double[classes.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = scores.get(i);
        }
        return values;
    }

    private double[] probabilities(double[] scores) {
        double[] p = scores.clone();
        switch (classes.outcome()) {
            case NUMBER -> { }
            case ANY -> {
                for (int i = 0; i < p.length; i++) {
                    p[i] = 1 / (1 + Math.exp(-p[i]));
                }
            }
            case ONE -> {
                double largest = Double.NEGATIVE_INFINITY;
                for (double score : scores) {
                    largest = Math.max(largest, score);
                }
                double sum = 0;
                for (int i = 0; i < p.length; i++) {
                    p[i] = Math.exp(p[i] - largest);
                    sum += p[i];
                }
                for (int i = 0; i < p.length; i++) {
                    p[i] /= sum;
                }
            }
        }
        return p;
    }
}
