#include "services/ingest/live/ingest_service.h"

int main(int argc, char** argv) {
  return spillway::service::Main<spillway::v1::IngestSettings>(argc, argv, "ingest", spillway::ingest::RunIngest);
}
