package glia.integrations.spring;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.model.tool.DefaultToolCallingChatOptions;
import org.springframework.ai.model.tool.StructuredOutputChatOptions;
import org.springframework.ai.model.tool.ToolCallingChatOptions;
import org.springframework.ai.tool.ToolCallback;

/// Options of [GliaChatModel]: those of every chat model, tools, and the JSON schema of answers. A `ChatClient` sets
/// tools and schemas only where the type of the options has a place for them.
public final class GliaChatOptions extends DefaultToolCallingChatOptions implements StructuredOutputChatOptions {
    private final String outputSchema;

    private GliaChatOptions(List<ToolCallback> tools, Map<String, Object> context, String outputSchema,
            ChatOptions common) {
        super(tools, context, common.getModel(), common.getFrequencyPenalty(), common.getMaxTokens(),
                common.getPresencePenalty(), common.getStopSequences(), common.getTemperature(), common.getTopK(),
                common.getTopP());
        this.outputSchema = outputSchema;
    }

    /// Options that set nothing.
    public static Builder builder() {
        return new Builder();
    }

    /// The options of any other type, with the tools and the schema that they have.
    public static GliaChatOptions of(ChatOptions options) {
        boolean hasTools = options instanceof ToolCallingChatOptions;
        return new GliaChatOptions(hasTools ? ((ToolCallingChatOptions) options).getToolCallbacks() : null,
                hasTools ? ((ToolCallingChatOptions) options).getToolContext() : null,
                options instanceof StructuredOutputChatOptions structured ? structured.getOutputSchema() : null,
                options);
    }

    /// The JSON schema of answers, which is enforced; null for none.
    @Override
    public String getOutputSchema() {
        return outputSchema;
    }

    /// A builder with these options.
    @Override
    public Builder mutate() {
        Builder builder = new Builder();
        builder.model(getModel()).frequencyPenalty(getFrequencyPenalty()).maxTokens(getMaxTokens())
                .presencePenalty(getPresencePenalty()).stopSequences(getStopSequences())
                .temperature(getTemperature()).topK(getTopK()).topP(getTopP()).outputSchema(outputSchema);
        return builder.toolCallbacks(getToolCallbacks()).toolContext(getToolContext());
    }

    @Override
    public boolean equals(Object other) {
        return super.equals(other) && other instanceof GliaChatOptions options
                && Objects.equals(outputSchema, options.outputSchema);
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hashCode(outputSchema);
    }

    /// Builds options.
    public static final class Builder extends DefaultToolCallingChatOptions.Builder<Builder>
            implements StructuredOutputChatOptions.Builder<Builder> {
        private String outputSchema;

        private Builder() { }

        /// Sets the JSON schema of answers; null for none.
        @Override
        public Builder outputSchema(String schema) {
            this.outputSchema = schema;
            return this;
        }

        /// Takes what other options set.
        @Override
        public Builder combineWith(ChatOptions.Builder<?> other) {
            super.combineWith(other);
            if (other.build() instanceof StructuredOutputChatOptions options && options.getOutputSchema() != null) {
                outputSchema = options.getOutputSchema();
            }
            return this;
        }

        @Override
        public GliaChatOptions build() {
            return new GliaChatOptions(toolCallbacks, toolContext, outputSchema, super.build());
        }
    }
}
