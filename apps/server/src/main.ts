import { NestFactory } from '@nestjs/core';
import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { x } from '@rapport/kernel';
@Module({ imports: [CqrsModule.forRoot()] })
class AppModule {}
async function main() {
  const app = await NestFactory.createApplicationContext(AppModule);
  console.log(x, __filename);
  await app.close();
}
void main();
