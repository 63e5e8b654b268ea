package glia.engine.thinking;

import glia.jinja.value.TrustedText;
import glia.text.template.ChatTemplate;
import glia.text.template.RenderOptions;
import glia.text.thinking.Effort;
import glia.text.thinking.PromptState;
import glia.text.thinking.ThinkingFormat;
import glia.text.thinking.ThinkingTemplate;
import glia.text.tokenizer.Tokenizer;
import java.util.Optional;
import java.util.OptionalInt;

/// The thinking of a model, by its chat template. Thread-safe.
public final class ModelThinking {
    private final Tokenizer tokenizer;
    private final Optional<ChatTemplate> template;
    private final Optional<ThinkingFormat> format;
    private final RenderOptions options;
    /// Found when it is first needed, since it takes several renderings.
    private volatile ThinkingTemplate switches;

    /// @param options variables that the template needs, such as `bos_token`
    public ModelThinking(Tokenizer tokenizer, Optional<ChatTemplate> template, RenderOptions options) {
        this.tokenizer = tokenizer;
        this.template = template;
        this.options = options;
        this.format = template.flatMap(source -> ThinkingFormat.of(source.source()));
    }

    /// The markers; empty if the model does not think.
    public Optional<ThinkingFormat> format() {
        return format;
    }

    /// The template's switch and levels.
    ///
    /// @throws IllegalArgumentException if the model does not think
    public ThinkingTemplate template() {
        if (format.isEmpty()) {
            throw new IllegalArgumentException(template.isEmpty()
                    ? "effort and thinking limits: the model has no chat template, so it does not think"
                    : "effort and thinking limits: the model does not think: its chat template has none of the markers "
                            + ThinkingFormat.known() + "; leave these options out");
        }
        ThinkingTemplate found = switches;
        if (found == null) {
            found = ThinkingTemplate.of(template.orElseThrow(), options).orElseThrow();
            switches = found;
        }
        return found;
    }

    /// The options of a prompt with the variables of the effort.
    ///
    /// @throws IllegalArgumentException if the options set an effort or limits and the model does not think
    public RenderOptions render(RenderOptions base, ThinkingOptions thinking) {
        if (thinking.isDefault()) {
            return base;
        }
        ThinkingTemplate known = template();
        return thinking.effort().isPresent() ? known.with(base, thinking.effort().get()) : base;
    }

    /// The plan of a rendered prompt; empty if the model does not think.
    ///
    /// @param thinking the options with which the prompt was rendered
    /// @param contextLength the model's context in tokens
    /// @param room the most tokens that may be generated
    /// @throws IllegalArgumentException if thinking is to be long though the prompt excludes it, or longer than the
    ///     room
    public Optional<ThinkingPlan> plan(TrustedText prompt, ThinkingOptions thinking, int contextLength, int room) {
        if (format.isEmpty()) {
            return Optional.empty();
        }
        PromptState state = format.get().state(prompt);
        if (thinking.isDefault()) {
            // A model that ends its text within the thinking gets the end marker where the answer has a form.
            return Optional.of(new ThinkingPlan(tokenizer, format.get(), state, Optional.empty(), OptionalInt.empty(),
                    0, "", format.get().end()));
        }
        if (thinking.minTokens() > 0 && state == PromptState.CLOSED) {
            throw new IllegalArgumentException("fewest tokens of thinking: found " + thinking.minTokens()
                    + ", but the chat template closes the thinking; use effort low, medium or high");
        }
        if (thinking.minTokens() >= room && thinking.minTokens() > 0) {
            throw new IllegalArgumentException("fewest tokens of thinking: found " + thinking.minTokens()
                    + ", but only " + room + " tokens may be generated, which leaves none to the answer");
        }
        ThinkingTemplate known = template();
        return Optional.of(new ThinkingPlan(tokenizer, format.get(), state, thinking.effort(),
                budget(thinking, contextLength, room), thinking.minTokens(), first(known, thinking, state),
                known.forcedEnd()));
    }

    /// A default budget leaves a quarter of the room to the answer.
    private static OptionalInt budget(ThinkingOptions thinking, int contextLength, int room) {
        if (thinking.budget().isPresent() || thinking.effort().isEmpty()) {
            return thinking.budget();
        }
        int usual = ThinkingOptions.defaultBudget(thinking.effort().get(), contextLength);
        return OptionalInt.of(Math.max(thinking.minTokens(), Math.min(usual, (int) (3L * room / 4))));
    }

    /// The text that the answer must begin with, where the prompt leaves it to the model whether it thinks.
    private String first(ThinkingTemplate known, ThinkingOptions thinking, PromptState state) {
        if (state != PromptState.UNDECIDED) {
            return "";
        }
        String end = known.forcedEnd();
        boolean isTags = known.format() instanceof ThinkingFormat.Tags;
        if (thinking.minTokens() > 0) {
            return known.format().start() + (isTags && end.startsWith("\n") ? "\n" : "");
        }
        if (thinking.effort().equals(Optional.of(Effort.INSTANT)) && known.flag().isEmpty()) {
            return isTags ? known.format().start() + end.stripLeading() : known.format().skip();
        }
        return "";
    }
}
