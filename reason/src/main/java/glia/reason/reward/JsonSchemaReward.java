package glia.reason.reward;

import dev.harrel.jsonschema.Dialects;
import dev.harrel.jsonschema.JsonNode;
import dev.harrel.jsonschema.SimpleType;
import dev.harrel.jsonschema.Validator;
import dev.harrel.jsonschema.ValidatorFactory;
import glia.io.json.JsonValues;
import glia.reason.reward.Answers.Extract;
import glia.reason.reward.RewardOptions.RewardOption;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;

/// Validates the JSON of a completion against a [JSON schema](https://json-schema.org) (draft 2020-12, or the one that
/// the schema names).
///
/// The JSON is the whole answer, or the content of its last fenced block. References to other schemas by address are
/// not resolved: nothing is downloaded.
final class JsonSchemaReward implements Reward {
    private static final Pattern BLOCK = Pattern.compile("```[^`\\n]*+\\n(.*?)```", Pattern.DOTALL);
    private static final int MAX_LENGTH = 1_000_000;

    private final Answers answers;
    private final Optional<Object> schema;
    private final String field;

    JsonSchemaReward(RewardOptions options) {
        answers = new Answers(options, Extract.ALL);
        schema = options.value("schema");
        field = options.text("schema_field", "schema");
        schema.ifPresent(s -> options.at("schema", () -> check(s)));
    }

    static NamedReward named() {
        return new NamedReward("json_schema", "1 if the answer is JSON that a schema accepts, else 0",
                AnswerRewards.with(new RewardOption("schema", "", "schema, as a mapping or JSON text (default: that of "
                        + "the sample)"), new RewardOption("schema_field", "schema", "field of the sample that holds "
                        + "the schema")), JsonSchemaReward::new);
    }

    @Override
    public OptionalDouble score(Sample sample) {
        Object rules = schema.orElseGet(() -> Answers.field(sample, field, "schema_field"));
        Optional<String> answer = answers.answer(sample).map(JsonSchemaReward::json);
        return AnswerRewards.of(answer.isPresent() && answer.get().length() <= MAX_LENGTH
                && accepts(rules, answer.get()));
    }

    private static String json(String text) {
        Matcher blocks = BLOCK.matcher(new FormatRewards.BoundedText(text));
        String last = text;
        while (blocks.find()) {
            last = blocks.group(1);
        }
        return last;
    }

    private static boolean accepts(Object rules, String text) {
        Object value;
        try {
            value = JsonValues.parse(text);
        } catch (JacksonException e) {
            return false;
        }
        return isFinite(value) && validate(rules, value).isValid();
    }

    /// Whether there is neither NaN, which is no JSON, nor a number beyond the range of a double.
    private static boolean isFinite(Object value) {
        return switch (value) {
            case List<?> list -> list.stream().allMatch(JsonSchemaReward::isFinite);
            case Map<?, ?> map -> map.values().stream().allMatch(JsonSchemaReward::isFinite);
            case Double number -> Double.isFinite(number);
            case null, default -> true;
        };
    }

    /// A schema that is invalid ends in an exception already when it is registered.
    private static Object check(Object rules) {
        try {
            validator().registerSchema(URI.create("urn:schema"), node(rules));
            return rules;
        } catch (RuntimeException e) {
            throw new IllegalArgumentException("is no JSON schema: " + e.getMessage(), e);
        }
    }

    private static Validator.Result validate(Object rules, Object value) {
        Validator validator = validator();
        URI uri = validator.registerSchema(URI.create("urn:schema"), node(rules));
        return validator.validate(uri, new SchemaNode("", value));
    }

    private static Validator validator() {
        return new ValidatorFactory().withDefaultDialect(new Dialects.Draft2020Dialect())
                .withJsonNodeFactory(new SchemaNode.Factory()).createValidator();
    }

    private static JsonNode node(Object rules) {
        JsonNode node = new SchemaNode("", rules instanceof String text ? JsonValues.parse(text) : rules);
        if (node.getNodeType() != SimpleType.OBJECT && node.getNodeType() != SimpleType.BOOLEAN) {
            throw new IllegalArgumentException("found " + RewardOptions.shown(rules) + ", expected a mapping");
        }
        return node;
    }

    /// The kinds of values that JSON has.
    static boolean isJson(Object value) {
        return value == null || value instanceof String || value instanceof Number || value instanceof Boolean
                || value instanceof List<?> || value instanceof Map<?, ?>;
    }
}
