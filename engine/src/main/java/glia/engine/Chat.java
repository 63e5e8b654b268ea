package glia.engine;

import glia.engine.schedule.ContextFullException;
import glia.text.template.ChatMessage;
import glia.text.template.ChatTemplate;
import glia.text.template.RenderOptions;
import glia.text.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/// A conversation with a model. Each turn is rendered by the model's chat template; what the turns have in common is
/// computed once. For one thread.
public final class Chat implements AutoCloseable {
    private final LanguageModel model;
    private final Generator generator;
    private final List<ChatMessage> messages = new ArrayList<>();
    private RenderOptions render;
    private GenerationOptions options;

    Chat(LanguageModel model, Generator generator) {
        this.model = model;
        this.generator = generator;
        this.options = model.options();
        this.render = RenderOptions.PROMPT.withToken("bos_token", piece(model.tokenizer().bos()))
                .withToken("eos_token", piece(model.tokenizer().eos()));
    }

    private String piece(OptionalInt id) {
        return id.isPresent() ? model.tokenizer().piece(id.getAsInt()) : "";
    }

    /// Says first what the model shall be like, and begins anew.
    public Chat system(String text) {
        messages.clear();
        messages.add(ChatMessage.system(text));
        return this;
    }

    /// Options for the answers from now on, in place of the model's own.
    public Chat options(GenerationOptions other) {
        options = other;
        return this;
    }

    public GenerationOptions options() {
        return options;
    }

    /// A variable of the model's template from now on, such as `enable_thinking`.
    public Chat variable(String name, Object value) {
        render = render.with(name, value);
        return this;
    }

    /// What was said so far.
    public List<ChatMessage> messages() {
        return List.copyOf(messages);
    }

    /// Forgets what was said, but for the system message.
    public void reset() {
        messages.removeIf(m -> !m.role().equals("system"));
    }

    /// Says something and hears the answer as it is made. If that fails, the conversation is as before.
    ///
    /// @throws ContextFullException if the conversation no longer fits
    public Answer stream(String text, TextListener listener) {
        return stream(ChatMessage.user(text), listener);
    }

    /// The same with a message of any role and form.
    ///
    /// @throws IllegalArgumentException if it holds anything but text, such as an image
    public Answer stream(ChatMessage message, TextListener listener) {
        message.requireText();
        messages.add(message);
        try {
            Answer answer = generator.generate(prompt(), options, false, listener);
            messages.add(new ChatMessage("assistant", answer.text(), List.of(), "",
                    Map.of("content", answer.content())));
            model.tokenizer().prepare();
            return answer;
        } catch (RuntimeException e) {
            messages.removeLast();
            throw e;
        }
    }

    /// Says something and gives the whole answer.
    public String say(String text) {
        return stream(text, piece -> { }).text();
    }

    /// The ids of the conversation so far. Messages hold no markers but those that the model itself has made as tokens:
    /// what else looks like one is text. Without a template the texts follow each other, and all of them are text.
    private int[] prompt() {
        Optional<ChatTemplate> template = model.template();
        Tokenizer tokenizer = model.tokenizer();
        if (template.isPresent()) {
            return template.get().encode(messages, render, tokenizer);
        }
        StringBuilder texts = new StringBuilder();
        messages.forEach(message -> texts.append(message.content()));
        return tokenizer.encodePlain(texts.toString(), true);
    }

    /// Tokens of the context in use.
    public int length() {
        return generator.length();
    }

    @Override
    public void close() {
        generator.close();
    }
}
