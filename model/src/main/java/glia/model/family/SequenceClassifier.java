package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.layout.Source;
import glia.model.spec.Bias;
import glia.model.spec.Classes.Outcome;
import glia.model.spec.Classes;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.tensor.kernel.Activation;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A family with a classification head instead of a language-model head: Hugging Face's classes
/// `…ForSequenceClassification`, which include reward models with one label. Keys: `id2label` (else `num_labels`),
/// `problem_type`.
///
/// @param body the family of everything but the head
public record SequenceClassifier(Family body) implements Family {
    private static final String CLASS = "ForSequenceClassification";
    private static final String ARCHITECTURES = "architectures";
    private static final Set<Role> HEAD = EnumSet.of(Role.HEAD, Role.HEAD_BIAS, Role.TRANSFORM, Role.TRANSFORM_BIAS,
            Role.TRANSFORM_NORM_WEIGHT, Role.TRANSFORM_NORM_BIAS);

    /// Whether a config is that of a sequence classifier.
    public static boolean describes(Config config) throws CheckpointException {
        return config.isList(ARCHITECTURES)
                && Arrays.stream(config.strings(ARCHITECTURES)).anyMatch(name -> name.endsWith(CLASS));
    }

    /// Whether a parameter belongs to a head.
    public static boolean isHead(Parameter p) {
        return HEAD.contains(p.role());
    }

    /// The config of a classifier with the body of another model. Its class is made from the other's, such as
    /// `LlamaForCausalLM`, or from the model type, as configs of converted GGUF files have no class.
    ///
    /// @throws CheckpointException if the config has neither
    public static Config config(Config other, List<String> labels) throws CheckpointException {
        String name = other.has(ARCHITECTURES) && other.strings(ARCHITECTURES).length > 0
                ? other.strings(ARCHITECTURES)[0].replaceFirst("(For[A-Z]\\w*|LMHeadModel|Model)$", "")
                : capitalized(other.text("model_type"));
        Map<String, Object> byNumber = new LinkedHashMap<>();
        Map<String, Object> byLabel = new LinkedHashMap<>();
        for (int i = 0; i < labels.size(); i++) {
            byNumber.put(Integer.toString(i), labels.get(i));
            byLabel.put(labels.get(i), i);
        }
        return other.with(ARCHITECTURES, List.of(name + CLASS)).with("id2label", byNumber).with("label2id", byLabel)
                .without("num_labels").without("problem_type");
    }

    private static String capitalized(String type) {
        return type.isEmpty() ? type : Character.toUpperCase(type.charAt(0)) + type.substring(1);
    }

    @Override
    public List<String> modelTypes() {
        return body.modelTypes();
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        return spec(config, Set.of());
    }

    @Override
    public ModelSpec spec(Config config, Set<String> tensors) throws CheckpointException {
        ModelSpec spec = body.spec(config, tensors);
        if (spec.encoder().isPresent()) {
            throw config.error(ARCHITECTURES, "found " + List.of(config.strings(ARCHITECTURES))
                    + "; classifiers with an encoder and a decoder are not supported");
        }
        List<String> labels = labels(config);
        return spec.withHead(body.classifier(config, labels, outcome(config, labels.size()))).withDrafts(List.of());
    }

    /// The names of the classes.
    ///
    /// @throws CheckpointException if one is missing
    public static List<String> labels(Config config) throws CheckpointException {
        String[] labels = new String[config.isObject("id2label") ? config.child("id2label").keys().size()
                : config.positive("num_labels", 2)];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = config.isObject("id2label") ? config.child("id2label").text(Integer.toString(i))
                    : "LABEL_" + i;
        }
        return List.of(labels);
    }

    private static Outcome outcome(Config config, int numLabels) throws CheckpointException {
        String type = config.text("problem_type", numLabels == 1 ? "regression" : "single_label_classification");
        return switch (type) {
            case "regression" -> Outcome.NUMBER;
            case "single_label_classification" -> Outcome.ONE;
            case "multi_label_classification" -> Outcome.ANY;
            default -> throw config.error("problem_type", "found '" + type + "', expected regression, "
                    + "single_label_classification or multi_label_classification");
        };
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        boolean isScore = p.role() == Role.HEAD && spec.head().transform() instanceof Head.Transform.None;
        return isScore ? new Source.Stored("score.weight") : body.source(spec, p);
    }

    @Override
    public boolean ignores(ModelSpec spec, String tensorName) {
        return body.ignores(spec, tensorName);
    }

    /// BERT's head: scores with biases of the pooler's `tanh(A · h + a)` of the first token.
    static Head ofFirstToken(List<String> labels, Outcome outcome) {
        return Head.classifier(new Classes(labels, Classes.Pool.FIRST, outcome),
                new Head.Transform.Dense(Activation.TANH, new Norm.None(), Bias.ALL), true);
    }

    /// The pooling of ModernBERT's classifiers.
    static Classes.Pool pool(Config config) throws CheckpointException {
        String pooling = config.text("classifier_pooling", "cls");
        return switch (pooling) {
            case "cls" -> Classes.Pool.FIRST;
            case "mean" -> Classes.Pool.MEAN;
            default -> throw config.error("classifier_pooling", "found '" + pooling + "', expected cls or mean");
        };
    }

    /// The head of most decoders: scores of the last token, without a bias.
    static Head ofLastToken(List<String> labels, Outcome outcome) {
        return Head.classifier(new Classes(labels, Classes.Pool.LAST, outcome), Head.Transform.NONE, false);
    }
}
