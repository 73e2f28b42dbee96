// Opens Swagger UI on this server's own description. Nothing is asked of any other server.
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#explorer",
  deepLinking: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
