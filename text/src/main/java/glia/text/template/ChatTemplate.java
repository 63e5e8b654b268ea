package glia.text.template;

import glia.jinja.JinjaTemplate;
import glia.jinja.value.Budget;
import glia.jinja.value.JinjaError;
import glia.jinja.value.TrustedText;
import glia.text.tokenizer.Tokenizer;

import java.nio.file.Path;
import java.time.Clock;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/// A chat template: converts a conversation to the text that a model was trained to continue.
///
/// Templates are written in Jinja and come with the model. They are rendered as Hugging Face Transformers configures
/// Jinja (blocks trimmed, `break` and `continue`, `generation`, `raise_exception`, `strftime_now`, `tojson` without
/// escapes), by an interpreter with values of its own: a template has access to no file, no class and no clock but
/// the one given. Unlike there, lists and dicts of the template's own can be changed (`append`), which some templates
/// need.
///
/// A template has no state; any number of threads can render it.
public final class ChatTemplate {
    /// The name of the default template of a model that has several.
    public static final String DEFAULT = "default";

    private final String name;
    private final String source;
    private final JinjaTemplate template;
    private final Supplier<LocalDateTime> now;
    private final TemplateLimits limits;

    private ChatTemplate(String name, String source, JinjaTemplate template, Supplier<LocalDateTime> now,
            TemplateLimits limits) {
        this.name = name;
        this.source = source;
        this.template = template;
        this.now = now;
        this.limits = limits;
    }

    /// The system's time. Its clock is created on first use: that takes longer than to parse a template.
    private record SystemTime() implements Supplier<LocalDateTime> {
        @Override
        public LocalDateTime get() {
            return LocalDateTime.now();
        }
    }

    private record ClockTime(Clock clock) implements Supplier<LocalDateTime> {
        @Override
        public LocalDateTime get() {
            return LocalDateTime.now(clock);
        }
    }

    /// Parses a template.
    ///
    /// @param name the name in errors
    /// @throws TemplateException where the source is not a template, or uses what chat templates cannot (`include`,
    ///         `import`, `extends`)
    public static ChatTemplate parse(String name, String source) {
        try {
            JinjaTemplate template = JinjaTemplate.parse(source);
            return new ChatTemplate(name, source, template, new SystemTime(), TemplateLimits.DEFAULT);
        } catch (JinjaError e) {
            throw new TemplateException(name, e);
        }
    }

    /// The template of a model's folder: `chat_template.jinja`, `chat_template.json`, or `chat_template` in
    /// `tokenizer_config.json`; of several the one called `default`.
    ///
    /// @throws TemplateException where there is one that cannot be read or parsed
    public static Optional<ChatTemplate> find(Path folder) {
        return find(folder, DEFAULT);
    }

    /// The template of this name, such as `tool_use`, of a model that has several.
    ///
    /// @throws TemplateException where there is one that cannot be read or parsed
    public static Optional<ChatTemplate> find(Path folder, String name) {
        return TemplateFiles.find(folder, name);
    }

    /// The same template with another clock for `strftime_now`.
    public ChatTemplate with(Clock other) {
        return new ChatTemplate(name, source, template, new ClockTime(other), limits);
    }

    /// The same template with other limits.
    public ChatTemplate with(TemplateLimits other) {
        return new ChatTemplate(name, source, template, now, other);
    }

    /// The name in errors.
    public String name() {
        return name;
    }

    /// The template as it was written.
    public String source() {
        return source;
    }

    /// Renders variables of null, booleans, numbers, strings, lists and maps.
    ///
    /// @throws TemplateException where the template refuses them, fails, or exceeds a limit
    public String render(Map<String, ?> variables) {
        return renderTrusted(variables).toString();
    }

    /// Renders variables to a text with trusted spans: the template's own characters and numbers are trusted, text from
    /// variables is not, unless the caller passes it as [TrustedText].
    ///
    /// @throws TemplateException where the template refuses them, fails, or exceeds a limit
    public TrustedText renderTrusted(Map<String, ?> variables) {
        return renderMarked(variables).text();
    }

    private JinjaTemplate.Marked renderMarked(Map<String, ?> variables) {
        Budget budget = new Budget(limits.steps(), limits.bytes(), limits.depth());
        try {
            return template.renderMarked(variables, now, budget, limits.outputCharacters());
        } catch (JinjaError e) {
            throw new TemplateException(name, e);
        }
    }

    /// Renders a conversation.
    ///
    /// @throws TemplateException where the template refuses it, fails, or exceeds a limit
    public String render(List<ChatMessage> messages, RenderOptions options) {
        return render(options.variables(messages));
    }

    /// Renders a conversation for [Tokenizer#encode(TrustedText, boolean)], which recognizes special tokens such as
    /// `<|im_end|>` only where the template wrote them: no message, tool or other variable can inject one.
    ///
    /// @throws TemplateException where the template refuses it, fails, or exceeds a limit
    public TrustedText renderTrusted(List<ChatMessage> messages, RenderOptions options) {
        return renderTrusted(options.variables(messages));
    }

    /// Renders a conversation, with the spans of the text that the template marks as the assistant's by `generation`
    /// blocks. There are none if the template has no such blocks, or has them in macros.
    ///
    /// @throws TemplateException where the template refuses it, fails, or exceeds a limit
    public JinjaTemplate.Marked renderMarked(List<ChatMessage> messages, RenderOptions options) {
        return renderMarked(options.variables(messages));
    }

    /// The token ids of a conversation, in which only the template itself can write special tokens. BOS is where
    /// the template writes it.
    ///
    /// @throws TemplateException where the template refuses it, fails, or exceeds a limit
    public int[] encode(List<ChatMessage> messages, RenderOptions options, Tokenizer tokenizer) {
        return tokenizer.encode(renderTrusted(messages, options), false);
    }
}
