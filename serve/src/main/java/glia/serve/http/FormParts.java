package glia.serve.http;

import glia.serve.request.Fields.FormFile;
import glia.serve.request.ServeException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.commons.fileupload2.core.AbstractFileUpload;
import org.apache.commons.fileupload2.core.DiskFileItem;
import org.apache.commons.fileupload2.core.DiskFileItemFactory;
import org.apache.commons.fileupload2.core.FileItemInput;
import org.apache.commons.fileupload2.core.FileItemInputIterator;
import org.apache.commons.fileupload2.core.RequestContext;

/// Reads forms, `multipart/form-data` (RFC 7578), by Apache Commons FileUpload.
final class FormParts {
    private static final String FORM = "multipart/form-data";
    private static final int MOST_PARTS = 64;
    /// The most bytes of a part that is no file.
    private static final int MOST_TEXT = 64 << 10;

    private FormParts() { }

    /// @throws ServeException if a body of this type is no form: status 400
    static void check(String contentType) {
        if (!contentType.toLowerCase(Locale.ROOT).startsWith(FORM)) {
            throw ServeException.badRequest("the body: found the content type " + contentType + ", expected " + FORM);
        }
    }

    /// The parts of a form by their names: strings, and files where a part has a file name.
    ///
    /// @throws ServeException if it is damaged or has too many or too long parts: status 400
    static Map<String, List<Object>> read(String contentType, byte[] body) {
        Upload upload = new Upload();
        upload.setHeaderCharset(StandardCharsets.UTF_8);
        Map<String, List<Object>> parts = new LinkedHashMap<>();
        try {
            FileItemInputIterator items = upload.getItemIterator(new Body(contentType, body));
            for (int i = 0; items.hasNext(); i++) {
                if (i == MOST_PARTS) {
                    throw ServeException.badRequest("the form has more than " + MOST_PARTS + " parts");
                }
                FileItemInput item = items.next();
                parts.computeIfAbsent(item.getFieldName(), _ -> new ArrayList<>()).add(value(item));
            }
            return parts;
        } catch (IOException | IllegalArgumentException e) {
            throw ServeException.badRequest("the form cannot be read: " + e.getMessage());
        }
    }

    private static Object value(FileItemInput item) throws IOException {
        try (InputStream in = item.getInputStream()) {
            if (!item.isFormField()) {
                return new FormFile(item.getName() == null ? "" : item.getName(), in.readAllBytes());
            }
            byte[] bytes = in.readNBytes(MOST_TEXT + 1);
            if (bytes.length > MOST_TEXT) {
                throw ServeException.badField(item.getFieldName(), "found more than " + MOST_TEXT + " bytes of text");
            }
            return new String(bytes, StandardCharsets.UTF_8);
        }
    }

    /// Iterates over parts; nothing is stored.
    private static final class Upload extends AbstractFileUpload<Void, DiskFileItem, DiskFileItemFactory> {
        @Override
        public FileItemInputIterator getItemIterator(Void request) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Map<String, List<DiskFileItem>> parseParameterMap(Void request) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<DiskFileItem> parseRequest(Void request) {
            throw new UnsupportedOperationException();
        }
    }

    private record Body(String contentType, byte[] bytes) implements RequestContext {
        @Override
        public String getCharacterEncoding() {
            return StandardCharsets.UTF_8.name();
        }

        @Override
        public String getContentType() {
            return contentType;
        }

        @Override
        public long getContentLength() {
            return bytes.length;
        }

        @Override
        public boolean isMultipartRelated() {
            return false;
        }

        @Override
        public InputStream getInputStream() {
            return new ByteArrayInputStream(bytes);
        }
    }
}
